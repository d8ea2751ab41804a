import hashlib
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from strata.errors import InputError
from strata.scenes import SCENES, draw, write_scenes
from strata.seeds import generator


def contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_every_class_gets_its_folder_and_number_of_pictures(tmp_path):
    write_scenes(tmp_path / "set", per_class=3, size=32, seed=1)
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == list(SCENES)
    for scene in SCENES:
        names = sorted(p.name for p in (tmp_path / "set" / scene).iterdir())
        assert names == ["0000.jpg", "0001.jpg", "0002.jpg"]
        for name in names:
            assert cv2.imread(str(tmp_path / "set" / scene / name)).shape == (32, 32, 3)
    assert stat.S_IMODE((tmp_path / "set").stat().st_mode) & 0o500 == 0o500


def test_a_file_holds_the_picture_of_its_class_and_number(tmp_path):
    write_scenes(tmp_path / "set", per_class=2, size=96, seed=7)
    for scene in SCENES:
        drawn = draw(scene, generator(7, "scenes", scene, 1), 96).astype(float)
        read = cv2.imread(str(tmp_path / "set" / scene / "0001.jpg"))[..., ::-1].astype(float)
        assert np.abs(drawn - read).mean() < 6


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_processes(tmp_path):
    write_scenes(tmp_path / "one", per_class=2, size=32, seed=3)
    write_scenes(tmp_path / "two", per_class=2, size=32, seed=3, jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_pictures(tmp_path):
    write_scenes(tmp_path / "one", per_class=1, size=32, seed=3)
    write_scenes(tmp_path / "two", per_class=1, size=32, seed=4)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert not set(one.values()) & set(two.values())


def test_a_larger_set_contains_the_smaller_one(tmp_path):
    write_scenes(tmp_path / "small", per_class=2, size=32, seed=3)
    write_scenes(tmp_path / "large", per_class=4, size=32, seed=3)
    assert contents(tmp_path / "small").items() < contents(tmp_path / "large").items()


def test_no_two_pictures_are_the_same(tmp_path):
    write_scenes(tmp_path / "set", per_class=12, size=32, seed=0)
    digests = [hashlib.sha256(c).hexdigest() for c in contents(tmp_path / "set").values()]
    assert len(set(digests)) == len(digests) == 12 * len(SCENES)


@pytest.mark.parametrize("blow", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_is_cut_short_leaves_nothing(tmp_path, blow):
    def progress(done: int, total: int) -> None:
        if done == 5:
            raise blow

    with pytest.raises(blow):
        write_scenes(tmp_path / "set", per_class=2, size=32, seed=0, progress=progress)
    assert list(tmp_path.iterdir()) == []
    write_scenes(tmp_path / "set", per_class=1, size=32, seed=0)
    assert len(contents(tmp_path / "set")) == len(SCENES)


def test_progress_counts_to_the_end(tmp_path):
    seen = []
    write_scenes(
        tmp_path / "set", per_class=2, size=32, seed=0, progress=lambda *step: seen.append(step)
    )
    assert seen == [(k, 16) for k in range(1, 17)]


def test_an_empty_folder_may_stand_ready_and_missing_parents_are_made(tmp_path):
    (tmp_path / "ready").mkdir()
    write_scenes(tmp_path / "ready", per_class=1, size=32, seed=0)
    write_scenes(tmp_path / "a" / "b", per_class=1, size=32, seed=0)
    assert contents(tmp_path / "ready") == contents(tmp_path / "a" / "b")


@pytest.mark.parametrize("occupied", ["folder", "file"])
def test_what_is_there_stays(tmp_path, occupied):
    root = tmp_path / "mine"
    if occupied == "folder":
        root.mkdir()
        (root / "holiday.jpg").write_bytes(b"mine")
    else:
        root.write_bytes(b"mine")
    before = contents(tmp_path)
    with pytest.raises(InputError) as caught:
        write_scenes(root, per_class=1, size=32, seed=0)
    assert "another folder" in caught.value.hint
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("per_class", "size", "hint"), [(0, 64, "1 to"), (10_000, 64, "9999"), (3, 16, "32 to 512")]
)
def test_numbers_out_of_range_are_refused_before_anything_is_written(
    tmp_path, per_class, size, hint
):
    with pytest.raises(InputError) as caught:
        write_scenes(tmp_path / "set", per_class=per_class, size=size, seed=0)
    assert hint in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_somebody_else_has_drawn_meanwhile(tmp_path):
    def progress(done: int, total: int) -> None:
        if done == total:
            write_scenes(tmp_path / "set", per_class=1, size=32, seed=1)

    with pytest.raises(InputError, match="exists already"):
        write_scenes(tmp_path / "set", per_class=1, size=32, seed=0, progress=progress)
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_scenes(tmp_path / "file" / "set", per_class=1, size=32, seed=0)
