"""What a network makes of images before its last layer, as vectors for other methods."""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from strata.errors import InputError, nearest
from strata.models.architectures.named_layers import activations
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.runtime.devices import choose_device, deterministic_cuda, mixed_precision

#: The vector that the last linear layer turns into class scores.
EMBEDDING = "embedding"


class HiddenFeatures(TransformerMixin, BaseEstimator):
    """A layer of a network trained for the purpose, as features of images.

    `X` is (n, size, size, 3) uint8, as of `NetworkClassifier`.

    Args:
        classifier: is cloned and trained by `fit`.
        layer: "embedding", the vector before the last linear layer; or a name of
            `layers.activations` ("block2", "hidden1"), whose maps are averaged over places.

    Attributes:
        classifier_: trained.
    """

    def __init__(self, classifier: NetworkClassifier, layer: str = EMBEDDING) -> None:
        self.classifier = classifier
        self.layer = layer

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the network on images and their labels."""
        self.classifier_ = clone(self.classifier).fit(X, y)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """(n, units) float32, of the window in the middle of each image.

        Raises:
            InputError: the network has no such layer, or X is not what it was trained on.
        """
        check_is_fitted(self)
        return LayerReader(self.classifier_, self.layer).of_images(np.asarray(X))


class LayerReader:
    """One layer of a trained network, ready to be read.

    Args:
        classifier: trained.
        layer: as of `HiddenFeatures`.

    Attributes:
        window: side of what the network sees at once, pixels.

    Raises:
        InputError: the network has no such layer.
    """

    def __init__(self, classifier: NetworkClassifier, layer: str = EMBEDDING) -> None:
        self.window = classifier.window()
        self._classifier = classifier
        self._device = choose_device(classifier.device)
        network = classifier.network().to(self._device)
        self._network = network.to(memory_format=torch.channels_last)
        self._seen: list[Tensor] = []
        if layer == EMBEDDING:
            network.head[-1].register_forward_pre_hook(self._remember_input)
            return
        known = activations(network)
        if layer not in known:
            hint = nearest(layer, [EMBEDDING, *known])
            raise InputError(f"The network has no layer '{layer}'.", hint)
        known[layer].register_forward_hook(self._remember_output)

    def of_images(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, units) of the window in the middle of each image (n, size, size, 3).

        Raises:
            InputError: other images than the network was trained on.
        """
        return self.of_windows(self._classifier.middle(pixels))

    def of_grid(
        self, image: NDArray[np.uint8], step: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Every window of one image on a regular grid, in the image's middle.

        Args:
            image: (side, side, 3) uint8.
            step: pixels from window to window.

        Returns:
            (windows, units) float32; centers (windows, 2) float32 as (x, y), shares of the side.
        """
        side, window = len(image), self.window
        starts = np.arange((side - window) % step // 2, side - window + 1, step)
        all_windows = np.lib.stride_tricks.sliding_window_view(image, (window, window), (0, 1))
        windows = all_windows[starts[:, None], starts].transpose(0, 1, 3, 4, 2)
        centers = ((starts + window / 2) / side).astype(np.float32)
        y, x = np.meshgrid(centers, centers, indexing="ij")
        of_windows = self.of_windows(windows.reshape(-1, window, window, 3))
        return of_windows, np.stack([x.ravel(), y.ravel()], 1)

    @torch.inference_mode()
    def of_windows(self, windows: NDArray[np.uint8], batch: int = 256) -> NDArray[np.float32]:
        """(n, units) of what the network sees at once, (n, window, window, 3) uint8."""
        self._seen.clear()
        pixels = torch.from_numpy(np.require(windows, requirements=["C", "W"]))
        with deterministic_cuda(), mixed_precision(self._device):
            for part in pixels.split(batch):
                self._network(part.to(self._device).permute(0, 3, 1, 2))
        return torch.cat(self._seen).float().cpu().numpy()

    def _remember_input(self, module: Any, inputs: tuple[Tensor, ...]) -> None:
        self._seen.append(inputs[0])

    def _remember_output(self, module: Any, inputs: Any, output: Tensor) -> None:
        self._seen.append(output.mean((2, 3)) if output.dim() == 4 else output.clone())
