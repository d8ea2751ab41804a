"""A row of the layer table that `strata describe` prints."""

from dataclasses import dataclass

from strata.reports.model.results import LayerRow


@dataclass(frozen=True)
class DescribedLayer(LayerRow):
    """One layer, with what follows it.

    Attributes:
        followed_by: activation, dropout and sum up to the next row, as text.
        training_only: True for layers of auxiliary heads.
    """

    followed_by: str = ""
    training_only: bool = False
