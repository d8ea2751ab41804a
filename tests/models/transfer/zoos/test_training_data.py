"""Training data by the names of weights."""

import pytest

from strata.models.transfer.zoos.training_data import data_of_member, data_of_tag


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("in1k", ["ImageNet-1k"]),
        ("augreg_in21k_ft_in1k", ["ImageNet-21k", "ImageNet-1k"]),
        ("fb_in22k_ft_in1k_384", ["ImageNet-21k", "ImageNet-1k"]),
        ("clip_laion2b_augreg_ft_in12k_in1k", ["LAION", "ImageNet-12k", "ImageNet-1k"]),
        ("lvd142m", ["LVD-142M"]),
        ("v2_webli", ["WebLI"]),
        ("fcmae_ft_in1k", ["ImageNet-1k"]),
        ("fcmae_ft_in22k_in1k", ["ImageNet-1k", "ImageNet-21k", "ImageNet-1k"]),
        ("openai", ["OpenAI's image-text pairs (WIT)"]),
        ("fb", []),
        ("", []),
    ],
)
def test_a_tag_names_them_in_the_order_of_training(tag, names):
    assert [data.name for data in data_of_tag(tag)] == names


def test_most_of_timms_tags_are_known():
    timm = pytest.importorskip("timm")
    tags = [name.partition(".")[2] for name in timm.list_pretrained()]
    known = [tag for tag in tags if data_of_tag(tag)]
    assert len(known) > 0.85 * len(tags)
    assert all(data_of_tag(tag)[-1].name == "ImageNet-1k" for tag in tags if tag[-5:] == "_in1k")


def test_every_member_of_torchvision_but_bare_features_is_known():
    models = pytest.importorskip("torchvision.models")
    names = models.list_models(module=models)
    members = {member.name for name in names for member in models.get_model_weights(name)}
    unknown = {name for name in members if not data_of_member(name)}
    assert unknown == {"IMAGENET1K_FEATURES"} & unknown
    web = {name for name in members if any(data.is_web for data in data_of_member(name))}
    assert web == {name for name in members if "SWAG" in name} != set()
