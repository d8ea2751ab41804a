"""Ages, sizes and files that `gc` is given."""

import pytest

from strata.errors import InputError
from strata.pipeline.cli.tidy import gc
from strata.pipeline.store.store import Store


@pytest.mark.parametrize(
    ("older_than", "to_size", "told"),
    [
        ("9" * 400 + "h", None, "not an age"),
        ("90000000w", None, "not an age"),
        (None, "9" * 400, "not a size"),
    ],
)
def test_ages_and_sizes_beyond_all_measure_are_refused(tmp_path, older_than, to_size, told):
    Store(tmp_path).open()
    with pytest.raises(InputError, match=told):
        gc([], tmp_path, older_than=older_than, to_size=to_size, dry_run=True)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 2000 + "]" * 2000])
def test_a_file_that_is_no_toml_for_any_reason_is_named(tmp_path, value):
    Store(tmp_path / ".strata").open()
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "odd.toml").write_text(f"[methods.gist]\nx = {value}\n")
    with pytest.raises(InputError, match=r"^odd\.toml is not valid TOML"):
        gc([], tmp_path / ".strata", older_than=None, to_size=None, dry_run=True)
