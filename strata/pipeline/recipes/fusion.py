"""Several methods of the experiment file together, inside the folds.

Late fusion combines what their classifiers say, early fusion what these are given.
"""

from strata.errors import InputError
from strata.pipeline.graph.inputs import Data, Fold
from strata.parameter_types import check_weights
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.recipes.classical import classified, classifiers
from strata.pipeline.stages.classifiers import class_scores, svm
from strata.pipeline.stages.fusion import average, fit_stack, stacked
from strata.pipeline.stages.reductions import joined
from strata.pipeline.stages.search import picked


@recipe
def fusion(
    data: Data, fold: Fold, *, of: tuple[str, ...] = (), combination: Options = average.options()
) -> Node:
    """The mean log-probability, or probability, of the methods named in `of`.

    Kittler et al., "On combining classifiers" (PAMI 20, 1998).
    """
    nodes = with_probabilities(of, [data.method(name, fold) for name in of])
    check_weights(combination.get("weights", ()), len(nodes))
    return combination(nodes)


@recipe
def early_fusion(
    data: Data,
    fold: Fold,
    *,
    of: tuple[str, ...] = (),
    join: Options = joined.options(),
    classifier: Options = classifiers(),
) -> Node:
    """One classifier on the vectors of the methods named in `of`, side by side.

    Snoek, Worring and Smeulders, "Early versus late fusion in semantic video analysis" (2005).
    """
    nodes = at_least_two([data.method(name, fold) for name in of])
    for name, node in zip(of, nodes, strict=True):
        if node.stage.name == picked.name:
            raise InputError(
                f"'{name}' has a search, so it has no fixed vectors to put beside others.",
                "Run the search without fusion, and set the parameters that it finds.",
            )
        if node.stage.name != class_scores.name:
            raise InputError(
                f"'{name}' does not classify vectors, so it has none to put beside others.",
                'Average its probabilities with theirs: recipe = "fusion".',
            )
    check_weights(join.get("weights", ()), len(nodes))
    return classified(join(*(node.inputs[0] for node in nodes)), fold, None, classifier)


@recipe
def stacking(
    data: Data,
    fold: Fold,
    *,
    of: tuple[str, ...] = (),
    inner_folds: int = 4,
    combination: Options = fit_stack.options(),
) -> Node:
    """The methods named in `of`, with weights learned from their scores in inner folds.

    Wolpert, "Stacked generalization" (Neural Networks 5, 1992). Makes each method once more for
    each inner fold.
    """
    inner = data.inner_folds(fold, inner_folds)
    nodes = with_probabilities(of, [data.method(name, fold) for name in of])
    unseen = [[data.method(name, part) for name in of] for part in inner]
    weights = combination(unseen, [part.test for part in inner], fold.train)
    return stacked(nodes, weights)


def with_probabilities(of: tuple[str, ...], nodes: list[Node]) -> list[Node]:
    """The methods' scores, if none is of a machine that is asked for no probabilities."""
    for name, node in zip(of, nodes, strict=True):
        for machine in node.parents if node.stage.name == class_scores.name else ():
            if machine.stage.name == svm.name and machine.parameters["inner_folds"] < 2:
                raise InputError(
                    f"'{name}' gives no probabilities to combine.",
                    f"Set methods.{name}.classifier.inner_folds to 2 or more.",
                )
    return at_least_two(nodes)


def at_least_two(nodes: list[Node]) -> list[Node]:
    """The methods' scores, if there is something to combine."""
    if len(nodes) < 2:
        raise InputError(
            f"Two or more methods are needed, not {len(nodes)}.",
            'For example: of = ["fisher", "bovw"].',
        )
    return nodes
