"""Writing of the data set: JPEG files in one folder per class."""

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
    root: str | Path,
    *,
    per_class: int,
    size: int,
    seed: int,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> None:
    """Draw `per_class` pictures of each scene into root/CLASS/NNNN.jpg.

    A picture depends only on the seed, its class and its number, so a larger set contains the
    smaller ones. The folder appears complete or not at all.

    Args:
        root: the folder to create; must be absent or empty.
        per_class: number of pictures per class, 1 to 9999.
        size: side of the pictures in pixels, 32 to 512.
        seed: random seed of the whole set.
        jobs: number of worker processes.
        progress: called after each picture with pictures written and in all.

    Raises:
        InputError: a number is out of range, or the folder is not empty or cannot be written.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from strata.scenes import write_scenes
        >>> folder = Path(tempfile.mkdtemp()) / "scenes"
        >>> write_scenes(folder, per_class=1, size=32, seed=0)
        >>> len(list(folder.glob("*/*.jpg")))
        8
    """
    _check_range(per_class, size)
    root = Path(root)
    _check_unused(root)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    except OSError as error:
        raise _unwritable(root, error) from error
    try:
        fill_with_scenes(
            temporary, per_class=per_class, size=size, seed=seed, jobs=jobs, progress=progress
        )
        temporary.chmod(0o755)
        _check_unused(root)  # another process may have drawn it meanwhile
        temporary.rename(root)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            _check_unused(root)
            raise _unwritable(root, error) from error
        raise


def fill_with_scenes(
    folder: Path,
    *,
    per_class: int,
    size: int,
    seed: int,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> None:
    """Draw the pictures of `write_scenes` into an empty folder that exists.

    Raises:
        InputError: a number is out of range.
        OSError: the folder cannot be written.
    """
    _check_range(per_class, size)
    for scene in SCENES:
        (folder / scene).mkdir()
    items = [(scene, number) for scene in SCENES for number in range(per_class)]
    one = partial(_write, folder, size, seed)
    for done, _ in enumerate(parallel_map(one, items, jobs=jobs, batch=8), start=1):
        if progress:
            progress(done, len(items))


def _check_range(per_class: int, size: int) -> None:
    from strata.scenes.picture import check_size

    check_size(size)
    if not 1 <= per_class <= 9999:
        raise InputError(
            f"per_class = {per_class}: the pictures per class are out of range.",
            "Choose a number from 1 to 9999.",
        )


def _check_unused(root: Path) -> None:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError(
            f"{root} exists already and is not an empty folder.",
            "Remove it, or draw into another folder.",
        )


def _unwritable(root: Path, error: OSError) -> InputError:
    return InputError(
        f"{root} cannot be written: {error.strerror or error}.",
        "Free some disk space or check the permissions, or draw into another folder.",
    )


def _write(folder: Path, size: int, seed: int, item: tuple[str, int]) -> None:
    """Draw and write one picture; `item` is its class and number."""
    import cv2

    from strata.scenes.picture import draw

    cv2.setNumThreads(1)
    scene, number = item
    image = draw(scene, generator(seed, "scenes", scene, number), size)
    parameters = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    coded = cv2.imencode(".jpg", image[..., ::-1], parameters)[1]
    (folder / scene / f"{number:04d}.jpg").write_bytes(coded.tobytes())
