"""A folder of drawn scenes, one folder per class."""

import shutil
import tempfile
from functools import partial
from pathlib import Path

from strata.errors import InputError
from strata.process_pool import parallel_map
from strata.progress import ProgressCallback
from strata.scenes.classes import SCENES
from strata.seeds import generator

JPEG_QUALITY = 90


def write_scenes(
    root: Path,
    *,
    per_class: int,
    size: int,
    seed: int,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> None:
    """Draw `per_class` pictures of each scene into root/CLASS/NNNN.jpg.

    A picture depends on the seed, its class and its number alone, so that a larger set contains
    the smaller ones. The folder appears complete or not at all.

    Args:
        root: the folder to make; must not exist, or be empty.
        per_class: pictures a class, 1 to 9999.
        size: side in pixels, 32 to 512.
        seed: of the whole set.
        jobs: processes.
        progress: called with (pictures written, pictures in all) after each.

    Raises:
        InputError: a number out of range, or a folder with something in it.
    """
    from strata.scenes.picture import check_size

    check_size(size)
    if not 1 <= per_class <= 9999:
        raise InputError(
            f"scenes cannot be drawn {per_class} to a class", "Choose a number from 1 to 9999."
        )
    root = Path(root)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError(
            f"{root} is in the way of the scenes", "Remove it, or draw into another folder."
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        for scene in SCENES:
            (beside / scene).mkdir()
        items = [(scene, number) for scene in SCENES for number in range(per_class)]
        one = partial(_write, beside, size, seed)
        for done, _ in enumerate(parallel_map(one, items, jobs=jobs, batch=8), start=1):
            if progress:
                progress(done, len(items))
        beside.chmod(0o755)
        beside.rename(root)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _write(folder: Path, size: int, seed: int, item: tuple[str, int]) -> None:
    import cv2

    from strata.scenes.picture import draw

    cv2.setNumThreads(1)
    scene, number = item
    image = draw(scene, generator(seed, "scenes", scene, number), size)
    parameters = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    coded = cv2.imencode(".jpg", image[..., ::-1], parameters)[1]
    (folder / scene / f"{number:04d}.jpg").write_bytes(coded.tobytes())
