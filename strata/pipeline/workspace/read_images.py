"""Images read without an experiment, for the audit."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.store.hashing import content_key
from strata.pipeline.workspace.console import Terminal
from strata.pipeline.workspace.step_progress import StepProgress

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import Manifest


def read_images(
    images: str,
    split: Path | None,
    sha256: str | None,
    *,
    store: Path | None,
    jobs: int,
    console: Terminal,
) -> "Manifest":
    """Find, list and hash images; broken and missing ones are listed too.

    Args:
        images: a folder, an archive or its URL.
        split: CSV file with the columns class, file and, optionally, split; None: none.
        sha256: checksum of the archive, required with a URL.
        store: folder that digests are cached in; None caches none.
        jobs: number of worker processes.
        console: for progress.

    Raises:
        InputError: there are no images, or in another layout.
        StrataError: the download failed.
    """
    from strata.pipeline.data.manifest import build_manifest
    from strata.pipeline.data.source import open_source

    with ExitStack() as stack:
        steps = stack.enter_context(StepProgress(console))
        if store:
            cache = store / "data"
            cache.mkdir(parents=True, exist_ok=True)
        else:
            cache = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = open_source(
            images,
            split_csv=split,
            sha256=sha256,
            cache=cache,
            allow_missing=True,
            allow_empty=True,
            progress=lambda done, total: steps.update("fetching the images", done, total),
        )
        return build_manifest(
            source,
            cache / f"manifest-{content_key(str(source.root))[:16]}",
            jobs=jobs,
            progress=lambda done, total: steps.update("reading the images", done, total),
        )
