"""`strata.load`: a trained method, read from its file."""

import os
from collections.abc import Sequence

from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import load_model


def load(path: str | os.PathLike[str], modules: Sequence[str | os.PathLike[str]] = ()) -> Model:
    """Read a trained method from a file that `ComparisonResult.export` or `strata export` wrote.

    It needs neither store nor experiment file nor training images, and runs no code of the file's.

    Args:
        path: the file.
        modules: files of the stages of recipes of your own, if the method has such.

    Raises:
        InputError: it is no model file, a damaged one, or one of another version.

    Examples:
        >>> import numpy as np
        >>> import strata
        >>> from strata.scenes import draw
        >>> result = strata.compare(
        ...     "scenes",
        ...     {
        ...         "neighbors": {
        ...             "recipe": "gist",
        ...             "descriptor": {"image_size": 32},
        ...             "classifier": {"use": "knn", "n_neighbors": 1},
        ...         }
        ...     },
        ...     folds=2,
        ...     settings={"data.per_class": 4, "data.size": 32},
        ...     jobs=1,
        ... )
        >>> path = result.export("neighbors.strata")
        >>> model = strata.load("neighbors.strata")
        >>> image = draw("forest", np.random.default_rng(0), 32)  # or the path of a file
        >>> model.predict([image]).tolist() == result.predict([image]).tolist()
        True
        >>> model.predict_proba([image]).shape
        (1, 8)
    """
    return load_model(os.fspath(path), [os.fspath(module) for module in modules])
