"""What is said of parameters before anything runs is what the models know."""

import subprocess
import sys
import textwrap

import pytest

from strata import parameter_types
from strata.errors import InputError
from strata.pipeline.stages.descriptors import dense_sift, dense_surf, sparse_sift, sparse_surf
from strata.pipeline.stages.encodings import fisher_vectors, vlad
from strata.pipeline.stages.fine_tuning import (
    boundary_activations,
    fine_tune,
    split_backbone,
    split_inception,
)
from strata.pipeline.stages.fusion import average_scores, fit_weights, learned_weights
from strata.pipeline.stages.networks import patch_descriptors, train_network
from strata.pipeline.stages.reductions import additive_kernel_map, concatenate, lda, pca


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"architecture": {"name": "tinynett"}}, "'tinynett'.*Did you mean 'tinynet'"),
        ({"architecture": {"name": "mlp", "hiden": [3]}}, "no 'hiden'.*Did you mean 'hidden'"),
        ({"architecture": {"name": ["mlp"]}}, "'name' in an architecture cannot be"),
        (
            {"architecture": {"blocks": [{"filters": 3, "activation": "relux"}]}},
            "activation 'relux'.*Did you mean 'relu'",
        ),
        ({"augmentation": {"flipp": True}}, "'flipp'.*Did you mean 'flip'"),
        ({"augmentation": {"zoom": float("inf")}}, "'zoom' is 0 or more"),
        ({"augmentation": {"shift": [0.1]}}, "a list of two"),
        ({"loss": {"name": "arcfase"}}, "'arcfase'.*Did you mean 'arcface'"),
        ({"loss": {"name": "arcface", "weight": 1}}, "has no 'weight'"),
    ],
)
def test_a_table_is_read_at_once_and_its_error_names_the_key(given, says):
    (key,) = given
    with pytest.raises(InputError, match=rf"(?s)^methods\.m\.network\.{key}: .*{says}"):
        train_network.parameters.checked(given, "methods.m.network")


@pytest.mark.parametrize(
    ("stage", "wrong"),
    [
        (train_network, {"tta_views": 0}),
        (train_network, {"pretrain_epochs": -1}),
        (train_network, {"patience": 0}),
        (train_network, {"batch_size": 1}),
        (train_network, {"clip_grad_norm": 0.0}),
        (train_network, {"validation_fraction": 0.0}),
        (patch_descriptors, {"step": 0}),
        (boundary_activations, {"n_copies": -1}),
        (split_backbone, {"image_size": 0}),
        (split_inception, {"removed_blocks": 11}),
        (fine_tune, {"epochs": -1}),
        (fine_tune, {"batch_size": 1}),
        (fine_tune, {"dropout": 1.0}),
        (fine_tune, {"layer_decay": -1.0}),
        (sparse_sift, {"edge_threshold": 0.0}),
        (dense_surf, {"scale": 0.0}),
        (sparse_surf, {"threshold": -0.1}),
        (dense_sift, {"bin_sizes": []}),
        (fisher_vectors, {"levels": 40}),
        (fisher_vectors, {"power": 0.0}),
        (fisher_vectors, {"position_weight": -1.0}),
        (vlad, {"power": -0.5}),
        (pca, {"n_components": 0}),
        (pca, {"n_components": 1.5}),
        (lda, {"n_components": 0}),
        (additive_kernel_map, {"order": -1}),
        (additive_kernel_map, {"period": 0.0}),
        (fit_weights, {"C": 0.0}),
        (learned_weights, {"C": 0.0}),
        (learned_weights, {"inner_folds": 1}),
        (learned_weights, {"parts": 0}),
    ],
)
def test_a_number_out_of_range_is_told_at_once(stage, wrong):
    with pytest.raises(InputError, match=rf"^here\.{next(iter(wrong))} = "):
        stage.parameters.checked(wrong, "here")


@pytest.mark.parametrize(
    ("bins", "says"),
    [
        ([], r"here\.bin_sizes = \[\]: it should name one or more\."),
        ([0], r"here\.bin_sizes\.0 = 0: it should be greater than or equal to 1\."),
    ],
)
def test_sizes_are_one_or_more(bins, says):
    with pytest.raises(InputError, match=rf"^{says}$"):
        dense_sift.parameters.checked({"bin_sizes": bins}, "here")


def test_of_several_weights_none_is_negative_and_some_count():
    for stage in (concatenate, average_scores):
        with pytest.raises(InputError, match=r"^here\.weights\.1 = "):
            stage.parameters.checked({"weights": [0.5, -0.5]}, "here")
    parameter_types.check_weights((), 3)
    parameter_types.check_weights((0.0, 1.0), 2)
    for weights, says in (((1.0,), "1 weights for 2 methods"), ((0.0, 0.0), "zero")):
        with pytest.raises(InputError, match=says):
            parameter_types.check_weights(weights, 2)


def test_components_are_a_number_or_a_share_of_the_variance():
    for given, checked in ((64, 64), (64.0, 64), (1, 1), (0.5, 0.5)):
        found = pca.parameters.checked({"n_components": given}, "here")["n_components"]
        assert found == checked
        assert isinstance(found, type(checked))


def test_reading_tables_of_networks_takes_no_torch():
    code = """
        import sys
        from strata.pipeline.stages.networks import train_network
        assert not {"torch", "pydantic"} & {*sys.modules}
        given = {"architecture": {"name": "cnn"}, "augmentation": {"flip": True}}
        train_network.parameters.checked(given, "network")
        assert "torch" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


@pytest.mark.parametrize("given", [{"architecture": "tinynett"}, {"augmentation": "strnog"}])
def test_an_unknown_name_is_told_at_once(given):
    with pytest.raises(InputError, match=r"should be '(cnn|none)'"):
        train_network.parameters.checked(given, "network")
