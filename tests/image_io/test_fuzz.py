import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from strata.image_io import ImageError, decode, limits
from tests.image_io.files import FILES, encoded, picture, png, tiff, tiff_12_bits
from tests.image_io.test_limits import tiny_gif

GRAY16 = picture(5, 5)[..., 0].astype(np.uint16) * 257
RGB16 = np.stack([GRAY16, GRAY16.T, GRAY16], -1)
SMALL = picture(11, 13)

#: Small files too, so that a mutation is likely to hit a header.
SEEDS = {
    **FILES,
    "small jpeg": encoded(SMALL, "JPEG"),
    "small png": encoded(SMALL, "PNG"),
    "palette": encoded(Image.fromarray(SMALL).quantize(4), "PNG", transparency=1),
    "tiny gif": tiny_gif(5, 4),
    "png 16": png(GRAY16, 16, 0, transparent=[7]),
    "png rgb 16": png(RGB16, 16, 2),
    "png la 16": png(RGB16[..., :2], 16, 4),
    "tiff lzw": encoded(SMALL, "TIFF", compression="tiff_lzw"),
    "tiff jpeg": encoded(SMALL, "TIFF", compression="jpeg"),
    "tiff 16": tiff(GRAY16),
    "tiff rgb 16": tiff(RGB16, photometric="rgb"),
    "tiff float": tiff(GRAY16.astype(np.float32)),
    "tiff 12": tiff_12_bits(GRAY16 >> 4),
    "tiff white": tiff(GRAY16, photometric="miniswhite"),
    "tiff bands": tiff(np.zeros((5, 5, 13), np.uint16), planarconfig="contig"),
}

PLACE = st.floats(0, 1, exclude_max=True)
BYTES = st.sampled_from([b"", b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff", b"\0\0\0\0"])
MUTATION = st.one_of(
    st.tuples(st.just("set"), PLACE, BYTES | st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("insert"), PLACE, BYTES | st.binary(max_size=20)),
    st.tuples(st.just("cut"), PLACE, st.just(b"")),
    st.tuples(st.just("repeat"), PLACE, st.just(b"")),
)


def mutated(data, mutations):
    for kind, place, new in mutations:
        at = int(place * len(data))
        if kind == "set":
            data = data[:at] + new + data[at + len(new) :]
        elif kind == "insert":
            data = data[:at] + new + data[at:]
        elif kind == "cut":
            data = data[:at]
        else:
            data = data[:at] + data[at : at + 64] + data[at:]
    return data


@pytest.mark.parametrize("name", SEEDS)
def test_each_file_is_read_or_refused_as_it_is(name):
    if name == "tiff bands":
        with pytest.raises(ImageError, match="13 bands"):
            decode(SEEDS[name])
    else:
        assert decode(SEEDS[name])[0].shape[2] == 3


@settings(max_examples=600, deadline=2000)
@given(name=st.sampled_from(list(SEEDS)), mutations=st.lists(MUTATION, min_size=1, max_size=5))
def test_mutated_files_give_an_image_or_an_image_error(name, mutations):
    data = mutated(SEEDS[name], mutations)
    before = limits.MAX_BYTES
    limits.MAX_BYTES = 2**24  # what claims to be large is refused without being decoded
    try:
        image, extent = decode(data)
    except ImageError as error:
        assert error.reason  # noqa: PT017
    else:
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert image.flags.writeable
        assert extent is None or extent.low <= extent.high
    finally:
        limits.MAX_BYTES = before
