"""Archives that claim too much, nest, or break off: refused with a sentence, before the harm."""

import gzip
import io
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.data.archives import limits, unpack
from strata.pipeline.data.archives.limits import UnpackLimits
from strata.pipeline.data.archives.unpack import unpack_archive
from strata.pipeline.data.source import open_source
from tests.pipeline.data.archives.packing import FILES, KINDS, add, tar_header, tarred, zipped
from tests.pipeline.data.folders import PIXEL, lay_out


def refused(path, tmp_path, message, **options):
    """Refuse an archive; return the error and the number of bytes that were written before."""
    written = []
    unspied = unpack._extract

    def spy(archive, folder, *rest):
        try:
            unspied(archive, folder, *rest)
        finally:
            written.append(sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpack, "_extract", spy)
        with pytest.raises(InputError, match=message) as caught:
            unpack_archive(path, tmp_path / "cache", **options)
    assert not [p for p in (tmp_path / "cache").glob("archives/*") if p.is_dir()]
    return caught.value, sum(written)


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 1 << 20)
    path = zipped(tmp_path / "x.zip", content=bytes(2 << 20))
    error, written = refused(path, tmp_path, r"\(6\.\d kB\) unpacks to 6\.3 MB or more; the limit")
    assert written == 0
    assert "max_unpacked_gb = 1 under [data]" in error.hint


def test_a_tar_that_claims_too_much_is_refused_by_its_headers(tmp_path):
    names = ["a/1.png", "a/2.png", "b/1.png"]  # each a header and one block
    whole = tarred(tmp_path / "x.tar", names).read_bytes()[: 3 * 1024]
    (tmp_path / "x.tar").write_bytes(whole + tar_header("b/1.png", 5 << 30))
    _, written = refused(tmp_path / "x.tar", tmp_path, "unpacks to 5.4 GB or more")
    assert written == 3 * len(PIXEL)


def test_what_is_skipped_counts_too(tmp_path):
    (tmp_path / "x.tar").write_bytes(tar_header(".hidden/1.png", 5 << 30))
    refused(tmp_path / "x.tar", tmp_path, "unpacks to 5.4 GB or more")


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
def test_a_header_that_claims_gigabytes_gets_no_memory(kind, tmp_path):
    """A name, or PAX records, of 64 MiB: tarfile reads them into memory."""
    size = 64 << 20
    with gzip.open(tmp_path / "x.tar.gz", "wb", compresslevel=1) as stream:
        stream.write(tar_header("a/1.png", len(PIXEL)) + PIXEL.ljust(512, b"\0"))
        stream.write(tar_header("x", size, kind) + bytes(size))
    tracemalloc.start()
    refused(tmp_path / "x.tar.gz", tmp_path, "a header in it is larger than 1,048,576 bytes")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("size", [-512, -(2**40), -1])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE, b"L", b"x"])
def test_negative_sizes(size, kind, tmp_path):
    (tmp_path / "x.tar").write_bytes(tar_header("a/1.png", size, kind) + bytes(2048))
    refused(tmp_path / "x.tar", tmp_path, "cannot be unpacked")


def test_headers_within_headers_without_end(tmp_path):
    longname = tar_header("x", 512, b"L") + b"a".ljust(512, b"\0")
    (tmp_path / "x.tar").write_bytes(longname * 3000)
    refused(tmp_path / "x.tar", tmp_path, "cannot be unpacked")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_the_number_of_files_is_limited(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_FILES", 100)
    monkeypatch.setattr(limits, "BYTES_PER_FILE", 10_000)
    path = KINDS[kind](tmp_path / "x", [f"a/{n}.png" for n in range(99)])
    assert unpack_archive(path, tmp_path / "fits")[0].is_dir()  # with the folder, 100
    path = KINDS[kind](tmp_path / "y", [f"a/{n}.png" for n in range(150)])
    error, _ = refused(path, tmp_path, "files and folders or more; the limit is 100")
    assert "max_unpacked_files = " in error.hint
    assert unpack_archive(path, tmp_path / "raised", limits=UnpackLimits(None, 151))[0].is_dir()


def test_folders_count_as_files(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_FILES", 100)
    path = KINDS["tar.gz"](tmp_path / "x", [f"{n}/" + "a/" * 60 + "1.png" for n in range(2)])
    refused(path, tmp_path, "the limit is 100")


def test_a_setting_raises_the_limit_of_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 1 << 20)
    path = zipped(tmp_path / "x.zip", content=bytes(1 << 20))
    refused(path, tmp_path, "the limit is 1.0 MB")
    refused(path, tmp_path, "the limit is 2.0 MB", limits=UnpackLimits(0.002))
    assert unpack_archive(path, tmp_path / "cache", limits=UnpackLimits(1))[0].is_dir()


def test_the_free_disk_is_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DISK_FRACTION", 1e-12)
    error, written = refused(zipped(tmp_path / "x.zip"), tmp_path, "has only .* to spare")
    assert written == 0
    assert "Free some disk space" in error.hint


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_deeply_nested_folders(kind, tmp_path):
    path = KINDS[kind](tmp_path / "x", ["a/" * 1200 + "1.png"])
    refused(path, tmp_path, "folders within folders, 1,201 deep")


def test_archives_within_an_archive_are_named(tmp_path):
    inner = zipped(tmp_path / "train.zip").read_bytes()
    for kind, pack in KINDS.items():
        path = pack(tmp_path / f"outer.{kind}", ["set/train.zip", "set/test.tgz"], content=inner)
        with pytest.raises(
            InputError, match=r"but archives: set/test.tgz, set/train.zip"
        ) as caught:
            open_source(path, cache=tmp_path / "cache")
        assert "by hand" in caught.value.hint


def test_a_folder_of_archives_names_them(tmp_path):
    lay_out(tmp_path / "d", "train.zip", "test.tar.gz")
    with pytest.raises(InputError, match=r"archives: test.tar.gz, train.zip") as caught:
        open_source(tmp_path / "d", cache=tmp_path / "cache")
    assert "give one of them" in caught.value.hint


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path):
    """Zips are recognized by their end: the images of the zip would be taken for the tar's."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("wrong/1.png", PIXEL)
        archive.writestr("wrong2/1.png", PIXEL)
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in FILES:
            add(archive, name)
        add(archive, "notes.zip", inner.getvalue())
    raw = (tmp_path / "x.tar").read_bytes()
    assert zipfile.is_zipfile(tmp_path / "x.tar")
    source = open_source(tmp_path / "x.tar", cache=tmp_path / "cache")
    assert [f.id for f in source.files] == sorted(FILES)
    assert len(raw) % 512 == 0


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "tar", "zip"])
@pytest.mark.parametrize("length", [*range(1, 30), 200])
def test_archives_cut_off_in_their_first_bytes(kind, length, tmp_path):
    data = KINDS[kind](tmp_path / "whole", content=bytes(range(256)) * 9).read_bytes()
    (tmp_path / f"x.{kind}").write_bytes(data[:length])
    with pytest.raises(InputError, match=r"cut off or damaged|cannot be unpacked"):
        open_source(tmp_path / f"x.{kind}", cache=tmp_path / "cache")


def test_a_changed_pixel_in_a_gzip_is_noticed(tmp_path):
    """Its checksum stands at its end, behind what tarfile reads."""
    noise = bytes((7 * n * n + n // 3) % 251 for n in range(3000))
    stored = io.BytesIO()
    with gzip.GzipFile(fileobj=stored, mode="wb", compresslevel=0) as stream:
        stream.write(tarred(tmp_path / "x.tar", content=noise).read_bytes())
    raw = bytearray(stored.getvalue())
    raw[raw.index(noise[1000:1020])] ^= 1
    (tmp_path / "x.tar.gz").write_bytes(raw)
    refused(tmp_path / "x.tar.gz", tmp_path, "CRC check failed")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_archives_are_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "fuzzed archives"
    folder.mkdir(exist_ok=True)
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    whole = folder / f"whole.{kind}"
    if not whole.exists():
        KINDS[kind](whole, content=bytes((n * n) % 255 for n in range(700)))
    raw = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, min(600, len(raw) - 1)))
        raw[at] = data.draw(st.integers(0, 255) | st.sampled_from([0, 32, 48, 128, 255]))
    del raw[data.draw(st.just(len(raw)) | st.integers(1, len(raw))) :]
    (folder / f"x.{kind}").write_bytes(raw)
    try:
        source = open_source(folder / f"x.{kind}", cache=folder / "cache")
    except InputError as error:
        assert str(error)  # noqa: PT017
    else:
        assert all(file.path.is_file() for file in source.files)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08\0", b"BZh9", b"PK\3\4"]))
def test_bytes_that_are_no_archive(tmp_path_factory, junk, magic):
    path = tmp_path_factory.getbasetemp() / "junk.zip"
    path.write_bytes(magic + junk)
    with pytest.raises(InputError):
        open_source(path, cache=path.parent / "cache of junk")


@pytest.mark.parametrize("name", ["coast", f"coast/{'x' * 300}.png"])
def test_a_name_that_no_folder_can_hold_is_told_with_a_remedy(name, tmp_path):
    path = tarred(tmp_path / "a.tar", ("coast/1.png", name))
    error, _ = refused(path, tmp_path, f"cannot be unpacked below .*'{name[:40]}")
    assert "unpack it by hand" in error.hint
