"""Activations of a trained network's hidden layers as feature vectors."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from strata.errors import InputError, nearest
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import Network
from strata.models.architectures.named_layers import activation_modules
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.runtime.devices import choose_device, deterministic_cuda, mixed_precision

#: Name of the last linear layer's input as a layer.
EMBEDDING = "embedding"


def layer_names(architecture: str | Architecture | Mapping[str, Any], image_size: int) -> list[str]:
    """Names of the layers of a network that can be read, from its description alone.

    Args:
        architecture: an `Architecture`, or its name or description.
        image_size: width and height of the images, pixels.

    Raises:
        InputError: a description that no network can be built from.
    """
    with torch.device("meta"):
        network = Network(Architecture.of(architecture), image_size, 2)
    return [EMBEDDING, *activation_modules(network)]


class HiddenFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Transformer from images to activations of one layer of a network that `fit` trains.

    `X` is (n, image_size, image_size, 3) uint8, as for `NetworkClassifier`.

    Args:
        classifier: the network's classifier; a clone of it is trained.
        layer: "embedding", the input of the last linear layer; or a name of a block or hidden layer
            ("block2", "hidden1"; see `named_layers.activation_modules`), whose maps are averaged
            over positions.

    Attributes:
        classifier_: the trained clone.

    Examples:
        >>> import numpy as np
        >>> from strata.models import HiddenFeatures, NetworkClassifier
        >>> images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
        >>> network = NetworkClassifier({"name": "mlp", "hidden": [5]}, image_size=16, epochs=1)
        >>> HiddenFeatures(network).fit_transform(images, ["a", "b"] * 4).shape
        (8, 5)
    """

    def __init__(self, classifier: NetworkClassifier, layer: str = "embedding") -> None:
        self.classifier = classifier
        self.layer = layer

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the network on images and their labels."""
        self.classifier_ = clone(self.classifier).fit(X, y)
        reader = LayerReader(self.classifier_, self.layer)
        self._n_features_out = reader.of_images(np.asarray(X)[:1]).shape[1]
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Activations (n, units) float32 for the center crop of each image.

        Raises:
            InputError: the network has no such layer, or images of another size than in training.
        """
        check_is_fitted(self)
        return LayerReader(self.classifier_, self.layer).of_images(np.asarray(X))


class LayerReader:
    """Activations of one layer of a trained network, for images or for windows of them.

    Args:
        classifier: fitted.
        layer: as in `HiddenFeatures`.

    Attributes:
        window: width of the crop that the network takes, pixels.

    Raises:
        InputError: the network has no such layer.
    """

    def __init__(self, classifier: NetworkClassifier, layer: str = EMBEDDING) -> None:
        self.window = classifier.window()
        self._classifier = classifier
        self._device = choose_device(classifier.device)
        network = classifier.network().to(self._device)
        self._network = network.to(memory_format=torch.channels_last)
        self._recorded: list[Tensor] = []
        if layer == EMBEDDING:
            network.head[-1].register_forward_pre_hook(self._record_input)
            return
        known = activation_modules(network)
        if layer not in known:
            hint = nearest(layer, [EMBEDDING, *known])
            raise InputError(f"The network has no layer '{layer}'.", hint)
        known[layer].register_forward_hook(self._record_output)

    def of_images(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Activations (n, units) for the center crop of each image (n, size, size, channels).

        Raises:
            InputError: images of another size than in training.
        """
        return self.of_windows(self._classifier.center_crops(pixels))

    def of_grid(
        self, image: NDArray[np.uint8], step: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Activations for every window of one image on a regular, centered grid.

        Args:
            image: (size, size, channels) uint8.
            step: pixels from window to window.

        Returns:
            (windows, units) float32; centers (windows, 2) float32 as (x, y), shares of the size.
        """
        size, window = len(image), self.window
        starts = np.arange((size - window) % step // 2, size - window + 1, step)
        all_windows = np.lib.stride_tricks.sliding_window_view(image, (window, window), (0, 1))
        windows = all_windows[starts[:, None], starts].transpose(0, 1, 3, 4, 2)
        centers = ((starts + window / 2) / size).astype(np.float32)
        y, x = np.meshgrid(centers, centers, indexing="ij")
        activations = self.of_windows(windows.reshape(-1, window, window, image.shape[2]))
        return activations, np.stack([x.ravel(), y.ravel()], 1)

    @torch.inference_mode()
    def of_windows(self, windows: NDArray[np.uint8], batch_size: int = 256) -> NDArray[np.float32]:
        """Activations (n, units) for windows (n, window, window, channels) uint8."""
        self._recorded.clear()
        pixels = torch.from_numpy(np.require(windows, requirements=["C", "W"]))
        with deterministic_cuda(), mixed_precision(self._device):
            for batch in pixels.split(batch_size):
                self._network(batch.to(self._device).permute(0, 3, 1, 2))
        return torch.cat(self._recorded).float().cpu().numpy()

    def _record_input(self, module: Any, inputs: tuple[Tensor, ...]) -> None:
        self._recorded.append(inputs[0])

    def _record_output(self, module: Any, inputs: Any, output: Tensor) -> None:
        self._recorded.append(output.mean((2, 3)) if output.dim() == 4 else output.clone())
