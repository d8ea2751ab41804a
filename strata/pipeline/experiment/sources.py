"""Sources of images that an experiment names: its data set, and folders that methods add."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.errors import InputError
from strata.files import expand_user
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.graph.derived import Derived
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import Manifest
    from strata.pipeline.data.source import Source

#: Value of `source` that stands for the built-in data set.
SCENES = "scenes"
#: Called with a name of the step in progress, the parts done and their total.
ProgressCallback = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SourceReader:
    """Reads sources of images: finds, lists and hashes them, those that are new or changed.

    Attributes:
        experiment: relative paths start at its folder; [data] says how its sources are read.
        store: keeps what is downloaded, unpacked or drawn, and the digests.
        jobs: number of worker processes.
        progress: called with each step in progress.
    """

    experiment: Experiment
    store: Store
    jobs: int
    progress: ProgressCallback

    def data_set(self) -> "Manifest":
        """The experiment's own images.

        Raises:
            InputError: the source is missing or malformed, or images are broken (all of them
                named) unless `skip_broken` is set.
        """
        settings = self.experiment.data
        return self.labeled(
            settings["source"],
            split_csv=settings["split"],
            sha256=settings["sha256"],
            allow_missing=settings["allow_missing"],
        )

    def labeled(self, source: str, **choices: Any) -> "Manifest":
        """Images in class folders; `source` and errors as of the data set."""
        from strata.pipeline.data.source import open_source

        spec: str | Path = source
        notes = []
        if spec == SCENES:
            spec, damage = self._draw_scenes()
            notes = [f"the drawn scenes were damaged and drawn again: {damage}"] if damage else []
        elif "://" not in source:
            spec = self.experiment.folder / expand_user(source)
        opened = open_source(
            spec, base=self.experiment.folder, cache=self.store.data, **self._unpacking(), **choices
        )
        opened.notes.extend(notes)
        return self._manifest(opened)

    def unlabeled(self, folder: str) -> "Manifest":
        """Images of a folder or archive, at any depth, all of the class ""; errors as above."""
        from strata.pipeline.data.source import open_unlabeled

        spec = self.experiment.folder / expand_user(folder)
        return self._manifest(open_unlabeled(spec, cache=self.store.data, **self._unpacking()))

    def _unpacking(self) -> dict[str, Any]:
        from strata.pipeline.data.archives.limits import UnpackLimits

        data = self.experiment.data
        return {
            "limits": UnpackLimits(data["max_unpacked_gb"], data["max_unpacked_files"]),
            "progress": lambda done, total: self.progress("fetching the images", done, total),
        }

    def _manifest(self, source: "Source") -> "Manifest":
        from strata.pipeline.data.manifest import build_manifest

        manifest = build_manifest(
            source,
            self.store.data / f"manifest-{content_key(str(source.root))[:16]}",
            jobs=self.jobs,
            progress=lambda done, total: self.progress("reading the images", done, total),
        )
        if manifest.broken and not self.experiment.data["skip_broken"]:
            lines = "\n".join(f"    {b.id}: {b.reason}" for b in manifest.broken)
            plural = "s" if len(manifest.broken) > 1 else ""
            raise InputError(
                f"{len(manifest.broken)} image{plural} cannot be read:\n{lines}",
                "Repair or remove them, or leave them out with --skip-broken "
                "(skip_broken = true under [data]; in Python "
                'settings={"data.skip_broken": True}).',
            )
        return manifest

    def _draw_scenes(self) -> tuple[Path, str]:
        """Folder of the built-in data set, drawn once for each version of its code.

        Returns:
            the folder, and the damage of an earlier copy, "" if none.
        """
        from strata.pipeline.data.committed_folder import commit_folder

        per_class, size = self.experiment.data["per_class"], self.experiment.data["size"]
        seed = self.experiment.protocol["seed"]
        code = ("strata.scenes.write", "fill_with_scenes")
        key = Derived("scenes", (per_class, size, seed), code).key
        root = self.store.data / f"scenes-{key[:12]}"

        def draw(folder: Path) -> None:
            from strata.scenes.write import fill_with_scenes

            fill_with_scenes(
                folder,
                per_class=per_class,
                size=size,
                seed=seed,
                jobs=self.jobs,
                progress=lambda done, total: self.progress("drawing the scenes", done, total),
            )

        return root, commit_folder(root, draw)
