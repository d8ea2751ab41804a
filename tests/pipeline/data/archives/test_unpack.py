import multiprocessing
import os
import random
import stat
import tarfile
import zipfile

import pytest

from strata.digest import file_digest
from strata.errors import InputError
from strata.pipeline.data import committed_folder
from strata.pipeline.data.archives import limits, unpack
from strata.pipeline.data.archives.unpack import unpack_archive
from strata.pipeline.data.source import open_source
from tests.pipeline.data.archives.packing import FILES, KINDS, add, tarred, zipped
from tests.pipeline.data.folders import lay_out


def ids(spec, tmp_path, **options):
    return [f.id for f in open_source(spec, cache=tmp_path / "cache", **options).files]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrapper", ["", "data/", "outer/inner/"])
def test_archives_of_all_kinds_with_and_without_a_folder_around(kind, wrapper, tmp_path):
    files = [wrapper + name for name in FILES]
    if wrapper:
        files += [f"{wrapper}README.md", "__MACOSX/._x", "._data", ".DS_Store"]
    path = KINDS[kind](tmp_path / "odd name", files)
    assert ids(path, tmp_path) == sorted(FILES)
    assert ids(path, tmp_path, sha256=file_digest(path).upper()) == sorted(FILES)


def test_train_and_test_in_an_archive_with_a_split_file(tmp_path):
    files = [f"set/{part}/{name}/1.png" for part in ("train", "test") for name in "ab"]
    path = zipped(tmp_path / "x.zip", files)
    assert ids(path, tmp_path) == ["test/a/1.png", "test/b/1.png", "train/a/1.png", "train/b/1.png"]
    path = zipped(tmp_path / "y.zip", ["set/a/1.png", "set/b/1.png"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("split.csv", "class,file,split\na,1.png,test\nb,1.png,train\n")
    source = open_source(path, cache=tmp_path / "cache", split_csv="split.csv")
    assert [(f.id, f.split) for f in source.files] == [("a/1.png", "test"), ("b/1.png", "train")]


def test_an_archive_is_unpacked_once_and_hashed_once(tmp_path, monkeypatch):
    path = zipped(tmp_path / "x.zip")
    first = open_source(path, cache=tmp_path / "cache")
    monkeypatch.setattr(unpack, "_extract", None)
    monkeypatch.setattr(unpack, "file_digest", None)
    monkeypatch.setattr(committed_folder, "file_digest", None)
    assert open_source(path, cache=tmp_path / "cache") == first


def test_a_changed_archive_is_unpacked_anew(tmp_path):
    path = zipped(tmp_path / "x.zip")
    first = open_source(path, cache=tmp_path / "cache")
    zipped(path, ["a/1.png", "b/1.png"])
    assert ids(path, tmp_path) == ["a/1.png", "b/1.png"]
    assert all(f.path.is_file() for f in first.files)  # of the old one nothing is lost


def test_a_wrong_digest_is_refused(tmp_path):
    path = zipped(tmp_path / "x.zip")
    with pytest.raises(InputError, match=r"has sha256 .* not 000"):
        ids(path, tmp_path, sha256="0" * 64)


def test_progress_reaches_the_end(tmp_path):
    for kind, pack in KINDS.items():
        path = pack(tmp_path / f"x.{kind}")
        calls = []
        unpack_archive(path, tmp_path / kind, progress=lambda *call: calls.append(call))  # noqa: B023
        assert len(calls) == 3
        assert calls == sorted(calls)
        assert all(0 < done <= total == path.stat().st_size for done, total in calls)


def refused(path, tmp_path, message):
    with pytest.raises(InputError, match=message) as caught:
        ids(path, tmp_path)
    folder = tmp_path / "cache" / "archives"
    assert [p for p in folder.iterdir() if p.is_dir()] == []  # nothing half is left
    return caught.value


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    "name",
    ["../evil.png", "a/../../evil.png", "/etc/evil.png", "a/b/../../../evil.png", "C:/evil.png",
     "..\\evil.png", ".."],
)  # fmt: skip
def test_no_name_leads_out(kind, name, tmp_path):
    if kind == "tar" and "\\" in name:
        pytest.skip("a backslash is a letter in tar")
    path = KINDS[kind](tmp_path / "x", [*FILES, name])
    refused(path, tmp_path, "leads out of its folder")
    assert not list(tmp_path.rglob("evil.png"))


@pytest.mark.parametrize(
    ("kind", "what", "remedy"),
    [
        (tarfile.SYMTYPE, "a symbolic link", "tar --dereference"),
        (tarfile.LNKTYPE, "a hard link", "tar --hard-dereference"),
        (tarfile.CHRTYPE, "a device", "Leave it out"),
        (tarfile.FIFOTYPE, "a device", "Leave it out"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file", "without --sparse"),
    ],
)
def test_no_links_and_devices_in_a_tar(kind, what, remedy, tmp_path):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        add(archive, "a/1.png")
        add(archive, "a/link.png", b"", type=kind, linkname="a/1.png")
    error = refused(path, tmp_path, rf"holds {what}.*'a/link\.png'")
    assert remedy in error.hint


def test_no_links_in_a_zip(tmp_path):
    path = zipped(tmp_path / "x.zip")
    info = zipfile.ZipInfo("coast/link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(path, tmp_path, "link or device")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz"])
def test_a_bomb_is_stopped(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 1 << 20)
    path = KINDS[kind](tmp_path / "x", content=bytes(5 << 20))
    assert "max_unpacked_gb" in refused(path, tmp_path, "the limit is").hint
    written = sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert written < 10_000


def test_a_zip_that_lies_about_sizes_is_damaged(tmp_path):
    path = zipped(tmp_path / "x.zip", content=bytes(100_000))
    data = path.read_bytes()
    honest, lie = (100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert data.count(honest) == 6
    path.write_bytes(data.replace(honest, lie))
    refused(path, tmp_path, "cannot be unpacked")


@pytest.mark.parametrize("kind", KINDS)
def test_archives_cut_off_anywhere_leave_nothing_behind(kind, tmp_path):
    whole = KINDS[kind](tmp_path / "x", content=os.urandom(3000))
    data = whole.read_bytes()
    rng = random.Random(0)
    for number in range(12):
        path = tmp_path / f"cut{number}"
        # a tar ends with blocks of zeros that carry nothing
        path.write_bytes(data[: rng.randrange(1, min(len(data), 9000) - 30)])
        with pytest.raises(InputError, match=r"cannot be unpacked|neither a folder nor"):
            ids(path, tmp_path)
    folder = tmp_path / "cache" / "archives"
    assert not folder.exists() or [p for p in folder.iterdir() if p.is_dir()] == []


def test_an_encrypted_zip(tmp_path):
    path = zipped(tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    for mark, flag in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + flag] |= 1
            at = data.find(mark, at + 1)
    path.write_bytes(data)
    refused(path, tmp_path, "encrypted")


def test_names_that_are_file_and_folder(tmp_path):
    refused(tarred(tmp_path / "x", ["a/1.png", "a/1.png/2.png"]), tmp_path, "cannot be unpacked")


def test_what_a_killed_run_left_is_removed(tmp_path):
    path = zipped(tmp_path / "x.zip")
    folder = tmp_path / "cache" / "archives"
    half = lay_out(folder / f"{file_digest(path)}.part", "coast/left over.png")
    assert ids(path, tmp_path) == sorted(FILES)
    assert not half.exists()


def _open(path, cache, results):
    results.put([f.id for f in open_source(path, cache=cache).files])


def test_processes_that_unpack_at_the_same_time(tmp_path):
    path = zipped(tmp_path / "x.zip", [f"{c}/{n}.png" for c in "ab" for n in range(200)])
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [
        context.Process(target=_open, args=(path, tmp_path / "cache", results)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=180) for _ in workers]
    for worker in workers:
        worker.join()
    assert all(len(ids) == 400 for ids in found)
