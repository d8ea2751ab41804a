import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import StrataError
from strata.pipeline.data.layout.split_csv import SplitRow, SplitTable, label_tables, read_split


def table(tmp_path, text):
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read_split(path)


@pytest.mark.parametrize(
    "file", ["image", "file", "filename", "Path", "id", "image_id", "File Name"]
)
@pytest.mark.parametrize("label", ["label", "class", "Category", "target", "ClassId"])
def test_usual_names_of_columns(tmp_path, file, label):
    found = table(tmp_path, f"{file},width,{label}\n1.png,40,cat\n")
    assert found.rows == [SplitRow(2, "cat", "1.png", None)]
    assert found.columns == {"class": label, "file": file}
    assert bool(found.notes) == ({file.lower(), label.lower()} != {"file", "class"})


def test_the_most_telling_of_several_columns_is_taken_and_named(tmp_path):
    found = table(tmp_path, "id,filename,label,class\n7,1.png,0,cat\n")
    assert found.rows == [SplitRow(2, "cat", "1.png", None)]
    assert found.notes == [
        "columns of the split file: 'class' as the class, 'filename' as the file"
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(tmp_path, delimiter):
    lines = [["class", "file", "split"], ["a,b", "1.png", "test"]]
    if delimiter == ",":
        lines[1][0] = '"a,b"'
    found = table(tmp_path, "\r\n".join(map(delimiter.join, lines)))
    assert found == SplitTable(
        [SplitRow(2, "a,b", "1.png", "test")], {n: n for n in ("class", "file", "split")}
    )


def test_files_that_name_classes_are_told_from_other_csv_files(tmp_path):
    (tmp_path / "a.csv").write_text("image,label\n")
    (tmp_path / "b.csv").write_text("image,score\n")
    (tmp_path / "c.tsv").write_text("id\tclass\n")
    (tmp_path / "d.csv").write_bytes(b"image,label\xff\n")
    (tmp_path / "e.csv").write_text("")
    names = ["a.csv", "b.csv", "c.tsv", "d.csv", "e.csv", "gone.csv", "below/a.csv"]
    assert label_tables(tmp_path, names) == ["a.csv", "c.tsv"]


CELLS = st.sampled_from(
    ["class", "file", "split", "label", "id", "train", "test", "val", "a", "1.png", "", " ", '"',
     '""', "\x00", "\ufeff", "é", "../x", "\\", "a/b", "~x", "9" * 50]
)  # fmt: skip
ENDS = st.sampled_from([",", ";", "\t", "\n", "\r", "\r\n", '"', "\x0b", "\u2028"])
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(st.tuples(CELLS, ENDS).map("".join), max_size=30).map("".join),
    st.lists(st.tuples(CELLS, ENDS).map("".join), max_size=30)
    .map("".join)
    .map("class,file\n{}".format),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS.map(str.encode) | st.binary(max_size=60))
def test_any_text_is_a_table_or_an_error(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp()
    (folder / "fuzzed.csv").write_bytes(text)
    label_tables(folder, ["fuzzed.csv"])
    try:
        found = read_split(folder / "fuzzed.csv")
    except StrataError:
        return
    assert all(row.label and row.file for row in found.rows)
    assert {row.split for row in found.rows} <= {"train", "test", None}
