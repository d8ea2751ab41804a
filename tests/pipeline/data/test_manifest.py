import errno
import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time

import pytest

from strata import image_io
from strata.errors import InputError
from strata.pipeline.data import digest_cache, manifest
from strata.pipeline.data.manifest import build_manifest
from strata.pipeline.data.source import Source, SourceFile, open_source
from tests.pipeline.data.folders import encoded, lay_out, textured, write_classes


@pytest.fixture
def root(tmp_path):
    return write_classes(tmp_path / "d", {"a": 5, "b": 4})


def build(root, tmp_path, **options):
    source = open_source(root, cache=tmp_path)
    return build_manifest(source, tmp_path / "manifest", **options)


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that are opened from now on."""
    names = []

    def spy(path):
        names.append(path.name)
        return image_io.read_content(path)

    monkeypatch.setattr(manifest, "read_content", spy)
    return names


def test_records_say_what_the_files_hold(root, tmp_path):
    made = build(root, tmp_path)
    assert [r.id for r in made.records] == sorted(r.id for r in made.records)
    assert len(made.records) == 9
    assert made.classes == ["a", "b"]
    assert made.root == root
    assert made.broken == made.missing == made.notes == ()
    for record in made.records:
        data = record.path.read_bytes()
        assert record.digest == hashlib.sha256(data).hexdigest()
        assert (record.width, record.height, record.bytes) == (48, 48, len(data))
        assert record.mtime_ns == record.path.stat().st_mtime_ns
        assert 0 <= record.phash < 2**64
    assert len({r.phash for r in made.records}) == 9
    assert pickle.loads(pickle.dumps(made)) == made


def test_width_and_height_are_those_of_the_upright_picture(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(textured(1)[:20], "JPEG", exif=exif)
    made = build(lay_out(tmp_path / "d", "a/1.jpg", "b/1.jpg", content=data), tmp_path)
    assert (made.records[0].width, made.records[0].height) == (20, 48)


def test_unchanged_files_are_never_opened_again(root, tmp_path, opened):
    first = build(root, tmp_path)
    assert len(opened) == 9
    opened.clear()
    calls = []
    again = build(root, tmp_path, progress=lambda *call: calls.append(call))
    assert opened == calls == []
    assert again == first
    assert again.digest == first.digest


def test_only_what_changed_is_read(root, tmp_path, opened):
    first = build(root, tmp_path)
    (root / "a/000.png").write_bytes(encoded(textured(77)))
    lay_out(root, "b/new.png", content=encoded(textured(78)))
    (root / "b/000.png").unlink()
    opened.clear()
    calls = []
    second = build(root, tmp_path, progress=lambda *call: calls.append(call))
    assert opened == ["000.png", "new.png"]
    assert calls == [(1, 2), (2, 2)]
    assert second.digest != first.digest
    before = {r.id: r for r in first.records}
    assert {r.id for r in second.records if before.get(r.id) != r} == {"a/000.png", "b/new.png"}


def test_a_file_changed_just_now_is_read_a_clock_tick_later(monkeypatch):
    """Else it could change once more under the same time stamp, where clocks tick coarsely."""
    now, slept = 10**18, []
    monkeypatch.setattr(manifest.time, "time_ns", lambda: now)
    monkeypatch.setattr(manifest.time, "sleep", slept.append)
    for age, seconds in [(0, [0.02]), (5_000_000, [0.015]), (10**9, []), (-(10**12), [])]:
        slept.clear()
        manifest._await_next_tick((1, now, now - age))
        assert slept == seconds


def test_restored_times_do_not_hide_a_change(root, tmp_path):
    """rsync and unzip set mtime; ctime cannot be set."""
    first = build(root, tmp_path)
    path = root / "a/000.png"
    size, times = path.stat().st_size, (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(size))
    time.sleep(0.01)
    path.write_bytes(data[::-1])
    os.utime(path, ns=times)
    assert [b.id for b in build(root, tmp_path).broken] == ["a/000.png"]
    assert first.broken == ()


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_broken_images_are_named(root, tmp_path, jobs):
    whole = (root / "a/000.png").read_bytes()
    lay_out(root, "a/cut.png", "b/cut, off\n.jpg", content=whole[:-80])
    lay_out(root, "b/empty.gif", content=b"")
    lay_out(root, "b/text.tif", content=b"no image")
    (root / "b/gone.png").symlink_to("nowhere")
    made = build(root, tmp_path, jobs=jobs)
    assert len(made.records) == 9
    assert [b.id for b in made.broken] == [
        "a/cut.png", "b/cut, off\n.jpg", "b/empty.gif", "b/gone.png", "b/text.tif",
    ]  # fmt: skip
    reasons = [b.reason for b in made.broken]
    assert reasons[0] == reasons[1]
    assert "cut off" in reasons[0]
    assert "empty" in reasons[2]
    assert "no such file" in reasons[3]
    assert "not an image" in reasons[4]
    assert made.classes == ["a", "b"]


def test_broken_files_are_tried_again_only_when_they_changed(root, tmp_path, opened):
    whole = (root / "a/000.png").read_bytes()
    lay_out(root, "a/cut.png", content=whole[:-80])
    (root / "b/gone.png").symlink_to(tmp_path / "later.png")
    build(root, tmp_path)
    opened.clear()
    assert len(build(root, tmp_path).broken) == 2
    assert opened == ["gone.png"]  # cannot be opened: cheap to try, and may be there by now
    lay_out(root, "a/cut.png", content=whole)
    (tmp_path / "later.png").write_bytes(whole)
    mended = build(root, tmp_path)
    assert mended.broken == ()
    assert len(mended.records) == 11


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission(root, tmp_path):
    (root / "a/000.png").chmod(0)
    made = build(root, tmp_path)
    assert "Permission denied" in made.broken[0].reason
    (root / "a/000.png").chmod(0o644)
    assert build(root, tmp_path).broken == ()


def test_a_file_that_is_still_being_written_is_no_image_yet(root, tmp_path, monkeypatch):
    def still_growing(path):
        data = image_io.read_content(path)
        if path.name == "000.png" and path.parent.name == "a":
            path.write_bytes(data + b"more")
        return data

    monkeypatch.setattr(manifest, "read_content", still_growing)
    made = build(root, tmp_path)
    assert [b.id for b in made.broken] == ["a/000.png"]
    assert "being written" in made.broken[0].reason
    monkeypatch.undo()
    assert build(root, tmp_path).broken == ()


def test_jobs_change_nothing(root, tmp_path):
    first = build(root, tmp_path, jobs=1)
    (tmp_path / "manifest").unlink()
    assert build(root, tmp_path, jobs=2) == first


def test_the_digest_covers_names_labels_splits_and_contents(root, tmp_path):
    def digest(**change):
        files = open_source(root, cache=tmp_path).files
        first = files[0]
        values = {"id": first.id, "path": first.path, "label": first.label, "split": first.split}
        files[0] = SourceFile(**values | change)
        return build_manifest(Source(root, files, [], []), tmp_path / "manifest").digest

    plain = digest()
    assert digest() == plain
    assert len({plain, digest(id="a/0"), digest(label="b"), digest(split="test"),
                digest(path=root / "a/001.png")}) == 5  # fmt: skip
    assert digest(path=tmp_path / "d/../d/a/000.png") == plain


@pytest.mark.parametrize("damage", ["flip", "cut", "garbage", "empty", "folder"])
def test_a_damaged_cache_is_made_again(root, tmp_path, damage):
    first = build(root, tmp_path)
    cache = tmp_path / "manifest"
    data = cache.read_bytes()
    if damage == "flip":
        cache.write_bytes(data.replace(b'"a/000.png"', b'"a/001.png"'))
    elif damage == "cut":
        cache.write_bytes(data[: len(data) // 2])
    elif damage == "garbage":
        cache.write_bytes(os.urandom(10_000))
    elif damage == "empty":
        cache.write_bytes(b"")
    else:
        cache.unlink()
        cache.mkdir()
        with pytest.raises(InputError, match="cannot be kept"):
            build(root, tmp_path)
        return
    assert build(root, tmp_path) == first
    assert len(digest_cache.load(cache)) == 9


def test_two_sources_may_share_a_cache_and_it_does_not_grow_forever(tmp_path):
    root = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    first = build(root, tmp_path)
    cache = tmp_path / "manifest"
    digest_cache.append(cache, [[f"gone/{i}", 1, 1, 1, "reason"] for i in range(2000)])
    (root / "a/000.png").write_bytes(encoded(textured(9)))
    second = build(root, tmp_path)
    assert second.records[1:] == first.records[1:]
    assert len(digest_cache.load(cache)) == 4


SCRIPT = """
import sys
from pathlib import Path
from strata.pipeline.data import manifest
from strata.pipeline.data.source import open_source
manifest.SAVE_SECONDS = 0  # after every file
root, cache = map(Path, sys.argv[1:])
source = open_source(root, cache=cache.parent)
made = manifest.build_manifest(source, cache, progress=lambda d, n: print(d, flush=True))
print(made.digest)
"""


def start(root, cache):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, root, cache], stdout=subprocess.PIPE, text=True
    )


def test_a_killed_run_keeps_what_it_has_read(tmp_path):
    root = write_classes(tmp_path / "d", {"a": 80, "b": 80})
    cache = tmp_path / "manifest"
    running = start(root, cache)
    for line in running.stdout:
        if int(line) >= 60:
            running.send_signal(signal.SIGKILL)
            break
    running.wait()
    kept = len(digest_cache.load(cache))
    assert 50 <= kept < 160
    calls = []
    whole = build(root, tmp_path, progress=lambda *call: calls.append(call))
    assert calls[0] == (1, 160 - kept)
    cache.unlink()
    assert build(root, tmp_path) == whole


def test_two_runs_at_once(tmp_path):
    root = write_classes(tmp_path / "d", {"a": 40, "b": 40})
    cache = tmp_path / "manifest"
    both = [start(root, cache), start(root, cache)]
    ends = [process.communicate()[0].split()[-1] for process in both]
    made = build(root, tmp_path)
    assert ends == [made.digest] * 2
    assert len(digest_cache.load(cache)) == 80


def test_an_interrupted_run_saves(root, tmp_path):
    def stop(done, _):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(root, tmp_path, progress=stop)
    assert len(digest_cache.load(tmp_path / "manifest")) == 5


def test_ids_that_are_no_utf8_have_a_digest(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    os.rename(os.fsencode(root / "a/1.png"), os.fsencode(root) + b"/a/\xff.png")
    made = build(root, tmp_path)
    assert [r.id for r in made.records] == [r"a/\xff.png", "b/1.png"]
    assert len(made.digest) == 64


def test_a_cache_without_space(root, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(digest_cache.os, "write", full)
    with pytest.raises(InputError, match=r"cannot be kept in .*No space left"):
        build(root, tmp_path)
