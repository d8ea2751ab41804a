"""Fusion of several methods of the experiment file, inside the folds.

Late fusion combines class scores, early fusion the vectors that are classified.
"""

from strata.errors import InputError
from strata.parameter_types import check_weights
from strata.pipeline.graph.choice import choice
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.recipes.classical import classified, classifiers
from strata.pipeline.stages.classifiers import svm
from strata.pipeline.stages.fusion import average_scores, learned_weights
from strata.pipeline.stages.joins import join as join_vectors


@recipe
def fusion(
    data: Data,
    fold: Fold,
    *,
    of: tuple[str, ...] = (),
    combination: Options = choice(learned_weights.options(), average_scores.options()),
) -> Node:
    """Weighted sum of calibrated log-probabilities of the methods named in `of`.

    Kittler et al., "On combining classifiers" (PAMI 20, 1998); weights learned in inner folds:
    Wolpert, "Stacked generalization" (Neural Networks 5, 1992).

    Args:
        of: names of methods of the file, two at least.
    """

    def members(part: Fold) -> list[Node]:
        return [data.method(name, part) for name in of]

    nodes = at_least_two(members(fold))
    if combination.stage is learned_weights:
        return combination(members, data, fold)
    check_probabilities(of, nodes)
    check_weights(combination.get("weights", ()), len(nodes))
    return combination(nodes)


@recipe
def early_fusion(
    data: Data,
    fold: Fold,
    *,
    of: tuple[str, ...] = (),
    join: Options = join_vectors.options(),
    classifier: Options = classifiers(),
) -> Node:
    """One classifier on the vectors of the methods named in `of`, side by side.

    Snoek, Worring and Smeulders, "Early versus late fusion in semantic video analysis" (2005).
    Learned weights: multiple-kernel learning, by leave-one-out loss (Cawley and Talbot, JMLR 2007).

    Args:
        of: names of methods of the file that classify vectors, two at least.
    """
    nodes = at_least_two([data.method(name, fold) for name in of])
    for name, node in zip(of, nodes, strict=True):
        if node.stage.role == "selected scores":
            raise InputError(
                f"'{name}' has a search, so it has no fixed vectors to put beside others.",
                "Run the search without fusion, and set the parameters that it finds.",
            )
        if node.stage.role != "vector scores":
            raise InputError(
                f"'{name}' does not classify vectors, so it has none to put beside others.",
                'Combine its probabilities with theirs: recipe = "fusion".',
            )
    if join.get("weights") != "cv":
        check_weights(join.get("weights", ()), len(nodes))
    vectors = join([node.inputs[0] for node in nodes], fold.train)
    return classified(vectors, fold, None, classifier)


def check_probabilities(of: tuple[str, ...], nodes: list[Node]) -> None:
    """Refuse SVMs without inner folds, which give no probabilities."""
    for name, node in zip(of, nodes, strict=True):
        for classifier in node.parents if node.stage.role == "vector scores" else ():
            if classifier.stage is svm and classifier.parameters["inner_folds"] < 2:
                raise InputError(
                    f"'{name}' gives no probabilities to combine.",
                    f"Set methods.{name}.classifier.inner_folds to 2 or more, or learn a "
                    'temperature for its decision values: combination.use = "learned_weights".',
                )


def at_least_two(nodes: list[Node]) -> list[Node]:
    """Score nodes of methods, if there are two at least."""
    if len(nodes) < 2:
        raise InputError(
            f"Two or more methods are needed, not {len(nodes)}.",
            'For example: of = ["fisher", "bovw"].',
        )
    return nodes
