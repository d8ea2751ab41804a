"""results.json that others wrote: read, or refused with the file and the field."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.reports import analyze, compare, read_results
from strata.reports.exports.results_json import json_text
from tests.reports import synthetic

DOCUMENT = json.loads(json_text(analyze(synthetic.three(classes=2, per_class=4, folds=2))))
DOCUMENT["methods"] = DOCUMENT["methods"][:2]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.integers(-1, 9),
    st.floats(),
    st.text(st.characters(), max_size=3),  # lone surrogates too
    st.lists(st.integers(-1, 9), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Paths of all fields and of the first entries of lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, part in items:
        yield (*path, key)
        if isinstance(part, dict | list):
            yield from places(part, (*path, key))


def used(path: tuple) -> bool:
    """True for fields that a comparison reads."""
    return path[0] in ("data", "run", "images", "labels") or (
        path[0] == "methods"
        and (len(path) < 3 or path[2] in ("name", "parameters", "error", "cv", "test"))
    )


PLACES = [path for path in places(DOCUMENT) if used(path)]
REMOVED = object()


def test_a_folder_stands_for_the_results_in_it(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    assert read_results(tmp_path) == DOCUMENT


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_field_may_be_missing_or_odd(tmp_path_factory, data):
    """What is read can be compared, with itself and with a sound one; the rest is refused."""
    document = copy.deepcopy(DOCUMENT)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(PLACES))
        value = data.draw(st.one_of(st.just(REMOVED), ODD))
        try:
            place = document
            for key in path:
                place = place[key]
            if value is REMOVED:
                del place[last]
            else:
                place[last] = value
        except (LookupError, TypeError):
            continue  # an earlier change has removed it
    file = tmp_path_factory.getbasetemp() / "fuzzed.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        read = read_results(file)
    except InputError as refused:
        read, named = None, str(file) in refused.what
    if read is None:
        assert named
        return
    for pair in ((read, DOCUMENT), (DOCUMENT, read), (read, read)):
        compare(*pair)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("data"), r"data is missing"),
        (lambda d: d["data"].pop("digest"), r"data\.digest is missing"),
        (lambda d: d["run"].update(folds="8"), r"run\.folds is not an integer"),
        (lambda d: d["run"].update(settings=[1]), r"run\.settings is not a list of texts"),
        (lambda d: d["labels"].append(0), "labels and images differ in length"),
        (lambda d: d["labels"].__setitem__(0, 2), r"labels is not a list of class numbers below 2"),
        (lambda d: d["methods"][1].update(name=d["methods"][0]["name"]), "two of one name"),
        (lambda d: d["methods"][0]["cv"].pop("predictions"),
         r"methods\[0\]\.cv\.predictions is missing"),
        (lambda d: d["methods"][0]["cv"]["predictions"]["class"].pop(), "differ in length"),
        (lambda d: d["methods"][0]["cv"]["predictions"]["image"].__setitem__(0, 10**30),
         r"methods\[0\]\.cv\.predictions\.image is not a list of numbers below"),
    ],
)  # fmt: skip
def test_the_file_and_the_field_are_named(tmp_path, change, message):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    file = tmp_path / "results.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=message) as error:
        read_results(file)
    assert str(file) in error.value.what


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "schema"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "not JSON"),
        (json.dumps({"schema": "strata.results/9"}).encode(), "schema"),
        (json.dumps({"schema": "strata.results/1", "data": {}}).encode(), "run is missing"),
    ],
)
def test_files_that_are_no_results_are_refused_with_a_reason(tmp_path, content, message):
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_results(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_results(tmp_path / "nowhere.json")


def test_parameters_nested_without_end_are_refused(tmp_path):
    document = copy.deepcopy(DOCUMENT)
    deep: dict = {}
    document["methods"][0]["parameters"] = deep
    for _ in range(200):
        deep["a"] = deep = {}
    (tmp_path / "results.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"parameters is nested deeper than"):
        read_results(tmp_path)


def test_results_of_before_the_fields_of_networks_and_intervals_are_read(tmp_path):
    old = copy.deepcopy(DOCUMENT)
    del old["intervals"]
    for method in old["methods"]:
        for name in ("begins", "watched", "validation", "layers"):
            del method[name]
        for name in ("trainable", "frozen"):
            del method["cost"][name]
    (tmp_path / "results.json").write_text(json.dumps(old), encoding="utf-8")
    changes = compare(read_results(tmp_path), DOCUMENT)
    assert [change.name for change in changes.methods] == [m["name"] for m in DOCUMENT["methods"]]
    assert [*changes.setting, *changes.added, *changes.removed, *changes.missing] == []
