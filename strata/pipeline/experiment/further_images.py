"""Images that methods name beside the data set: without labels, or to learn from first."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any

from strata.errors import InputError
from strata.pipeline.experiment.sources import SourceReader
from strata.pipeline.experiment.subsets import renumbered, shards_of
from strata.pipeline.graph.derived import Derived
from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.seeds import derive

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import ImageRecord, Manifest

#: Shards of some images, and the images in order.
Images = tuple[Sequence[ImageShard], Subset]


@dataclass
class FurtherImages:
    """Folders of images beside the data set, each read once.

    Copies of the data set's own images are left out, whatever fold these are in: what is learned
    from the others has seen no image that is scored.

    Attributes:
        reader: reads their folders.
        own: the data set.
        notes: sentences on images left out.
        keys: of the artifacts that say which images are copies.
    """

    reader: SourceReader
    own: "Manifest"
    notes: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _opened: dict[tuple[str, bool], Images] = field(default_factory=dict)

    def unlabeled(self, folder: str) -> Images:
        """Images of a folder (or archive) of any depth, without labels.

        Raises:
            InputError: there is no such folder, or it holds no images but copies.
        """
        return self._images(folder, labeled=False)

    def labeled(self, source: str) -> Images:
        """Images in class folders, as the data set's `source` names them, with their labels.

        Raises:
            InputError: there is no such source, or it holds no images but copies.
        """
        return self._images(source, labeled=True)

    def _images(self, place: str, *, labeled: bool) -> Images:
        if (place, labeled) not in self._opened:
            if "://" in place:
                raise InputError(
                    f"{place} is a URL.", "Download it, and name the folder or the archive."
                )
            read = self.reader.labeled if labeled else self.reader.unlabeled
            self._opened[place, labeled] = self._without_copies(place, read(place), labeled)
        return self._opened[place, labeled]

    def _without_copies(self, place: str, manifest: "Manifest", labeled: bool) -> Images:
        near = self.reader.experiment.data["near_duplicates"]
        groups = self._groups(manifest, near=near)
        own = set(groups[: len(self.own.records)])
        groups = groups[len(self.own.records) :]
        kept = [group not in own for group in groups]
        if not any(kept):
            raise InputError(
                f"All images of {place} are copies of the data set's own.",
                "Name a folder with other images.",
            )
        if not all(kept):
            self.notes.append(
                f"{kept.count(False):,} of the {len(kept):,} images of {place} are copies of the "
                "data set's own, and left out"
            )
        records = [self._in_own_range(r) for r in compress(manifest.records, kept)]
        classes = tuple(sorted({r.label for r in records})) if labeled else ()
        subset = Subset(
            tuple(r.id for r in records),
            tuple(r.digest for r in records),
            tuple(classes.index(r.label) for r in records) if labeled else None,
            classes,
            derive(self.reader.experiment.protocol["seed"], "further images"),
            renumbered(list(compress(groups, kept))) if labeled else None,
        )
        return shards_of(records), subset

    def _groups(self, manifest: "Manifest", *, near: bool) -> list[int]:
        """Numbers of the groups of copies, of the data set's images and then of these."""
        derived = Derived(
            "copies",
            (self.own.digest, manifest.digest, near),
            ("strata.pipeline.data.duplicates", "duplicate_groups"),
        )

        def found() -> dict[str, Any]:
            from strata.pipeline.data.duplicates import duplicate_groups

            return {"groups": duplicate_groups([*self.own.records, *manifest.records], near=near)}

        self.keys.append(derived.key)
        return list(derived.read(self.reader.store, found)["groups"])

    def _in_own_range(self, record: "ImageRecord") -> "ImageRecord":
        """An image with its values in the data set's range, where it has one of this kind."""
        known = record.extent and self.own.value_ranges.get(record.extent.kind)
        return dataclasses.replace(record, value_range=known) if known else record
