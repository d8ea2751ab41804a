"""The page of explained predictions: all it shows, told in words too, and nothing that runs."""

import re

import numpy as np

from strata.reports.model.explained import (
    ExplainedBranch,
    ExplainedClass,
    ExplainedImage,
    ExplainedPredictions,
)
from strata.reports.page.explanations import explanations_html

PICTURE = np.zeros((6, 8, 3), np.uint8)
CAM = ExplainedBranch("network: Grad-CAM", PICTURE, partly_seen=True, note="A note.")
WORDS = ExplainedBranch("words", PICTURE, signed=True, total=-1.25, offset=-2.0)
NEAREST = ExplainedBranch("nearest", neighbors=[("a/1.png", 0.6, PICTURE), ("b/2.png", 0.4, None)])


def page(*branches, name="photo.jpg", probabilities=True, value=0.934, **keywords):
    classes = [ExplainedClass("sea", 1, value, list(branches))]
    image = ExplainedImage(name, PICTURE, classes, probabilities)
    return explanations_html(ExplainedPredictions("fisher", [image], **keywords))


def test_each_map_is_told_in_words_and_the_legend_tells_which_maps_there_are():
    cam, words = page(CAM), page(WORDS)
    assert 'alt="network: Grad-CAM: evidence for sea over photo.jpg; stripes: not seen"' in cam
    assert "Grad-CAM: regions that support" in cam
    assert "not seen: outside" in cam
    assert "speaks against it" not in cam
    assert "speaks against it" in words
    assert "Grad-CAM" not in re.sub("<style>.*</style>", "", words, flags=re.S)
    assert all('alt="' in tag for tag in re.findall("<img[^>]*>", cam + words))


def test_scores_are_split_into_places_and_the_rest():
    assert "Score −1.25: +0.75 from places in the image, −2 from no place." in page(WORDS)
    assert page(WORDS, WORDS).count("Part of the score −1.25") == 2
    assert "93.4 %; predicted" in page(WORDS)
    assert "−0.500; predicted" in page(WORDS, probabilities=False, value=-0.5).replace("-0", "−0")


def test_training_images_are_listed_with_their_shares():
    found = page(NEAREST)
    assert re.findall(r"<b>([\d.]+ %)</b> (\S+)</span>", found) == [
        ("60.0 %", "a/1.png"),
        ("40.0 %", "b/2.png"),
    ]
    against = ExplainedBranch("support", neighbors=[("a", 0.5, None), ("b", -0.5, None)])
    assert "<b>+50.0 %</b>" in page(against)
    assert "<b>−50.0 %</b>" in page(against)


def test_names_are_text_and_what_was_not_read_is_listed():
    found = page(CAM, name="<script>x.jpg", unreadable={"<b>.jpg": "it is empty"})
    assert "<script" not in found
    assert "&lt;script&gt;x.jpg" in found
    assert "&lt;b&gt;.jpg</b>: it is empty" in found
