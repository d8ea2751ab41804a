"""Prediction by a network on square images of one size, with test-time augmentation."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from strata.errors import InputError
from strata.image_io import check_images
from strata.models.architectures.builder import Network, build
from strata.models.architectures.flops import cost_table
from strata.models.architectures.typed_tables import lists
from strata.models.estimators.base import BaseNetworkClassifier
from strata.models.runtime.devices import choose_device
from strata.models.runtime.image_source import ImageSource, as_source, to_device
from strata.models.training.augment_config import Augmentation
from strata.models.training.embedding_losses import count_head, restore_head
from strata.models.training.inference import center_crops, predict


class BaseImageClassifier(BaseNetworkClassifier):
    """Class scores of images from a network's fitted weights; `NetworkClassifier` trains them."""

    image_size: int
    augmentation: str | Mapping[str, Any]
    tta_flip: bool
    tta_views: int
    device: str
    architecture_: dict[str, Any]
    layers_: list[dict[str, Any]]
    channels_: int = 3  #: of the images that it was trained on
    weights_: dict[str, NDArray[Any]]

    def logits(self, X: ArrayLike | ImageSource) -> NDArray[np.float64]:
        """Outputs of the last layer, (n, classes), columns as in `classes_`."""
        check_is_fitted(self)
        source, device = self._check(X), choose_device(self.device)
        network = self.network().to(device).to(memory_format=torch.channels_last)
        scores = predict(
            network,
            to_device(source, device),
            window=self.window(),
            views=self.tta_views,
            flip=self.tta_flip,
        )
        return scores.cpu().numpy().astype(np.float64)

    def network(self) -> Network:
        """The trained network as a torch module, on the CPU; a new copy at each call."""
        check_is_fitted(self)
        network = build(
            self.architecture_,
            image_size=self.window(),
            num_classes=len(self.classes_),
            channels=self.channels_,
        )
        restore_head(network, self.weights_)
        network.load_state_dict({k: torch.as_tensor(v) for k, v in self.weights_.items()})
        return network.eval()

    def window(self) -> int:
        """Width of the crop that the network takes, pixels."""
        return Augmentation.of(self.augmentation).window(self.image_size)

    def at_size(self, image_size: int) -> Self:
        """A classifier with the same weights for images of another size.

        Args:
            image_size: width and height of the images, pixels.

        Raises:
            InputError: the network's head flattens its maps, so that it has one size; or images of
                that size do not pass through it.
        """
        check_is_fitted(self)
        if not isinstance(image_size, int) or image_size < 1:
            raise InputError(f"image_size is a number of pixels, not {image_size!r}.")
        if self.architecture_["head"]["pool"] == "flatten":
            raise InputError(
                f"The network's head flattens its maps, so it takes images of {self.image_size} "
                f"pixels, not of {image_size}.",
                'With head = { pool = "average" } it would take any size.',
            )
        other = copy.copy(self)
        other.image_size = image_size
        # auxiliary heads have served: their widths are those of the training's size
        other.architecture_ = {**self.architecture_, "auxiliary": []}
        weights = self.weights_.items()
        other.weights_ = {k: v for k, v in weights if not k.startswith("auxiliary.")}
        other._count_costs()
        return other

    def _count_costs(self) -> None:
        """Set `layers_`, `parameters_` and `multiply_adds_`."""
        rows = cost_table(
            self.architecture_,
            image_size=self.window(),
            num_classes=len(self.classes_),
            channels=self.channels_,
        )
        plain = [lists(row._asdict()) for row in rows]  # as JSON has them
        self.layers_ = count_head(plain, self.weights_)
        self.parameters_ = sum(row["parameters"] for row in self.layers_)
        self.multiply_adds_ = sum(row.multiply_adds for row in rows)

    def center_crops(self, X: ArrayLike) -> NDArray[np.uint8]:
        """The center crop of each image: (n, window, window, channels) uint8.

        Args:
            X: as in `fit`, but in memory.

        Raises:
            InputError: other images than `fit` takes.
        """
        return center_crops(np.asarray(self._check(np.asarray(X))), self.window())

    def _watchable(self, X: ArrayLike | ImageSource) -> ImageSource:
        return self._check(X)

    def _check(
        self, X: ArrayLike | ImageSource, channels: Sequence[int] | None = None
    ) -> ImageSource:
        """Images with one of these numbers of channels; None: that of the fitted network.

        Raises:
            InputError: other images.
        """
        source = as_source(check_images(X))
        known = (self.channels_,) if channels is None else channels
        shapes = [(len(source), self.image_size, self.image_size, n) for n in known]
        if source.dtype != np.uint8 or source.shape not in shapes:
            raise InputError(
                f"Expected uint8 images of shape {' or '.join(map(str, shapes))}, "
                f"not {source.dtype} {source.shape}.",
                "resize_images(images, image_size) brings images of any size to that shape, with "
                "color=False to one channel; at_size(image_size) gives a fitted classifier for "
                "another size.",
            )
        return source
