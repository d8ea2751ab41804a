"""Small archives for the tests of this package, well made and hostile."""

import io
import tarfile
import zipfile

from tests.pipeline.data.folders import PIXEL

FILES = ("coast/1.png", "coast/a b, ü.png", "forest/deep/2.png")


def zipped(path, files=FILES, content=PIXEL):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            archive.writestr(name, content)
    return path


def tarred(path, files=FILES, mode="w", content=PIXEL):
    with tarfile.open(path, mode) as archive:
        for name in files:
            add(archive, name, content)
    return path


def add(archive, name, content=PIXEL, **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(content))


KINDS = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda path, *a, **k: tarred(path, *a, mode="w:gz", **k),
    "tar.bz2": lambda path, *a, **k: tarred(path, *a, mode="w:bz2", **k),
    "tar.xz": lambda path, *a, **k: tarred(path, *a, mode="w:xz", **k),
}


def tar_header(name, size, kind=tarfile.REGTYPE):
    """A header block that may lie: `size` is an int, also negative or larger than the file."""
    info = tarfile.TarInfo(name)
    info.type = kind
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
