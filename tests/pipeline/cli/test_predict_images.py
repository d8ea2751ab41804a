"""Images given to `strata predict`."""

import hashlib

import numpy as np

from strata.pipeline.cli.predict import _readable
from tests.image_io.files import FILES, png, tiff


def test_new_images_are_read_in_the_ranges_of_the_data_set(tmp_path):
    dark = np.array([[0, 1000]], np.uint16)
    contents = {
        "deep.png": png(dark, 16, 0),
        "float.tif": tiff(dark.astype(np.float32) / 1000),
        "plain.png": FILES["png"],
        "broken.png": FILES["png"][:50],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    good, _, broken = _readable([tmp_path / name for name in contents], {"integer": (0.0, 4095.0)})
    assert {path.name: value_range for path, (_, value_range) in good.items()} == {
        "deep.png": (0, 4095),  # not (0, 1023), its own
        "float.tif": (0, 1),
        "plain.png": None,
    }
    for path, (digest, _) in good.items():
        assert digest == hashlib.sha256(contents[path.name]).hexdigest()
    assert list(broken) == [str(tmp_path / "broken.png")]
