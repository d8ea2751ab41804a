"""Inputs of stages that are not artifacts: image shards, subsets, folds, files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from strata.image_io import Range, read_image
from strata.pipeline.store.hashing import content_key
from strata.seeds import derive, generator

#: A shard splits in two when it would hold more distinct images than this.
SHARD_CAPACITY = 256


@dataclass(frozen=True)
class ImageShard:
    """Shard: some images, each content once, in the order of their digests.

    Iterating reads them: uint8 arrays of shape (H, W, 3), one at a time. A file that no longer has
    the content it had when the images were listed is an ImageError: what is made of it would stand
    under the key of the other content.

    Attributes:
        prefix: leading bits of the digests.
        digests: sha256 of each file's content.
        paths: a file of each content.
        ranges: of the values of each image, None where its file states it; empty if all do.
    """

    prefix: str
    digests: tuple[str, ...]
    paths: tuple[Path, ...] = field(repr=False)
    ranges: tuple[Range | None, ...] = ()

    @cached_property
    def key(self) -> str:
        """Content key of the files and ranges, whatever the files' names and places."""
        return content_key("images", self.digests, *([self.ranges] if self.ranges else []))

    def __len__(self) -> int:
        return len(self.digests)

    def __iter__(self) -> Iterator[np.ndarray]:
        for path, digest, value_range in zip(
            self.paths, self.digests, self.ranges or [None] * len(self), strict=True
        ):
            yield read_image(path, digest=digest, value_range=value_range)


def cut_into_shards(
    paths_by_digest: dict[str, Path],
    capacity: int = SHARD_CAPACITY,
    ranges: Mapping[str, Range | None] | None = None,
) -> list[ImageShard]:
    """Shards of the images, by the leading bits of their digests.

    The shards are the leaves of a binary trie, split only where a leaf would overflow: images
    that are added or removed change the few shards they fall into and leave the others alone.

    Args:
        paths_by_digest: hexadecimal content digest -> a file with that content.
        capacity: the most images in one shard.
        ranges: digest -> range of the values of images whose files do not state it.
    """
    known = ranges or {}

    def shard(digests: list[str], prefix: str) -> ImageShard:
        own = tuple(known.get(digest) for digest in digests)
        paths = tuple(paths_by_digest[digest] for digest in digests)
        return ImageShard(prefix, tuple(digests), paths, own if any(own) else ())

    def leaves(digests: list[str], prefix: str) -> Iterator[ImageShard]:
        if len(digests) <= capacity:
            if digests:
                yield shard(digests, prefix)
            return
        for bit in "01":
            yield from leaves([d for d in digests if _bit(d, len(prefix)) == bit], prefix + bit)

    return list(leaves(sorted(paths_by_digest), ""))


def _bit(digest: str, position: int) -> str:
    nibble = int(digest[position // 4], 16)
    return str((nibble >> (3 - position % 4)) & 1)


@dataclass(frozen=True)
class File:
    """File that a stage reads, identified by its content: moving it changes no key.

    Attributes:
        path: where it lies; None where the stage itself knows how to come by it.
        digest: of its content, or a name that stands for the content.
    """

    path: Path | None = field(repr=False)
    digest: str

    @cached_property
    def key(self) -> str:
        """Content key, whatever the place."""
        return content_key("file", self.digest)


@dataclass(frozen=True)
class Subset:
    """Ordered subset of the images, with the labels that may be seen.

    Attributes:
        ids: the images' names.
        digests: the digests of their contents.
        labels: class numbers, or None where they are not to be seen (images to be scored).
        classes: class names, sorted; labels count into them.
        seed: feeds every random choice made with this subset.
        groups: images of one number are copies of one picture; None: not told, or no copies.
    """

    ids: tuple[str, ...]
    digests: tuple[str, ...]
    labels: tuple[int, ...] | None
    classes: tuple[str, ...]
    seed: int
    groups: tuple[int, ...] | None = None

    @cached_property
    def key(self) -> str:
        """Content key of all attributes."""
        known = (self.ids, self.digests, self.labels, self.classes, self.seed, self.groups)
        return content_key("subset", *known)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def y(self) -> np.ndarray:
        """Class numbers, (n,) int64; only of images to learn from."""
        if self.labels is None:
            raise PermissionError("the labels of images to be scored are not to be seen")
        return np.asarray(self.labels, np.int64)

    def seed_for(self, *names: str) -> int:
        """Integer seed below 2**31 for one purpose."""
        return derive(self.seed, *names) % 2**31

    def rng(self, *names: str) -> np.random.Generator:
        """Random generator for one purpose."""
        return generator(self.seed, *names)


@dataclass(frozen=True)
class Fold:
    """Division of the images: methods are fitted on `train` and score `test`.

    Attributes:
        name: "fold 3", "repeat 2 fold 3", or "final" (learn from all training images).
        heldout: `test` with its labels, for trainings that watch it; None where no training is to
            see them: in the final fold and in inner folds.
        left_out: training images that `train_per_class` leaves out, without labels, but for copies
            of those in `train`; None without such a limit.
    """

    name: str
    repeat: int
    number: int
    train: Subset
    test: Subset
    heldout: Subset | None = None
    left_out: Subset | None = None

    def watched(self, training: Mapping[str, Any]) -> list[Subset]:
        """The held-out images that a training watches, one subset or none.

        Args:
            training: its parameters: with `watch` = "none", or with a `patience`, which watches a
                part of the training images, the training does not depend on held-out images.
        """
        watches = training.get("watch") == "heldout" and training.get("patience") is None
        return [self.heldout] if self.heldout and watches else []
