"""Files of the store with a checksum: what was written, or nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.pipeline.code import code_digest
from strata.pipeline.execution.rates import Estimates
from strata.pipeline.store.checked_json import decoded, encoded, read_checked, write_checked
from strata.pipeline.store.gc_roots import registered_reports
from strata.pipeline.store.run_notes import RunNote, read_note, write_note
from strata.pipeline.store.store import Store

KEY = "ab" + "0" * 38
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(VALUES)
def test_values_come_back_and_other_tools_can_read_them(value):
    assert decoded(encoded(value)) == value
    assert json.loads(encoded(value))["content"] == value


@given(VALUES, st.data())
def test_every_flipped_bit_is_noticed(value, data):
    content = bytearray(encoded(value))
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    content[place // 8] ^= 1 << place % 8
    with pytest.raises(ValueError, match="checksum"):
        decoded(bytes(content))


#: Contents of a file that was damaged, cut off, or written by somebody else.
STRANGE = (
    st.binary(max_size=50)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.tuples(VALUES, st.integers(1, 60)).map(lambda both: encoded(both[0])[: -both[1]])
    | st.just(b"[" * 5000)
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store")).open()
    (store.data / "reports").mkdir()
    store.folder(KEY).mkdir(parents=True)
    return store


@settings(max_examples=150)
@given(STRANGE)
def test_no_content_of_a_file_of_the_store_ends_a_command(store, content):
    for place in (
        store.root / "format",
        store.root / "code.json",
        store.root / "rates.json",
        store.data / "reports" / "one.json",
        store.folder(KEY) / "manifest.json",
    ):
        place.write_bytes(content)
    store.open()
    assert store.state(KEY) == "damaged"
    assert store.manifest(KEY) is None
    assert not list(registered_reports(store))
    parsed = code_digest._Parsed()
    parsed.load(store.root / "code.json")
    assert parsed.known == {}
    assert Estimates(store.root / "rates.json").rates == {}


@pytest.mark.parametrize("value", [[1], "x", 1, {"a": 1}, {"svm": [1]}, {"made": {"gist": 1}}])
def test_values_of_another_version_of_strata_count_as_none(store, value):
    for place in (store.root / "code.json", store.root / "rates.json"):
        write_checked(place, value)
    write_checked(store.data / "reports" / "one.json", value)
    write_note(store, store.root / "strata.toml", RunNote("name"))
    for note in (store.data / "runs").iterdir():
        write_checked(note, value)
    parsed = code_digest._Parsed()
    parsed.load(store.root / "code.json")
    assert parsed.known == {}
    assert Estimates(store.root / "rates.json").rates == {}
    assert not list(registered_reports(store))
    assert read_note(store, store.root / "strata.toml") is None


def test_a_file_that_is_absent_or_a_folder_is_none(tmp_path: Path):
    assert read_checked(tmp_path / "absent.json") is None
    assert read_checked(tmp_path) is None
    write_checked(tmp_path / "there.json", [1])
    assert read_checked(tmp_path / "there.json") == [1]
