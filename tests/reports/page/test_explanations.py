"""The page of explained predictions: all it shows, told in words too, and nothing that runs."""

import html
import io
import re

import numpy as np

from strata.reports.model.explained import (
    ExplainedBranch,
    ExplainedClass,
    ExplainedImage,
)
from strata.reports.page.explanations import ExplanationsPage, files_named_in

PICTURE = np.zeros((6, 8, 3), np.uint8)
CAM = ExplainedBranch("network: Grad-CAM", PICTURE, partly_seen=True, note="A note.")
WORDS = ExplainedBranch("words", PICTURE, signed=True, total=-1.25, offset=-2.0)
NEAREST = ExplainedBranch("nearest", neighbors=[("a/1.png", 0.6, PICTURE), ("b/2.png", 0.4, None)])


def page(*branches, name="photo.jpg", probabilities=True, value=0.934, tied=(), without=None):
    classes = [
        ExplainedClass("sea", 1, value, list(branches), list(tied)),
        ExplainedClass("lake", 2, value, list(branches), list(tied)),
    ][: 1 + bool(tied)]
    made = ExplanationsPage("fisher", io.StringIO())
    made.add(ExplainedImage(name, PICTURE, classes, probabilities), ["001-a.png", "001-b.png"])
    stream = io.BytesIO()
    made.write(stream, without or {})
    return stream.getvalue().decode()


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
    told = "Score −1.25 = +0.75 from the image's regions − 2.00 that every image gets."
    assert html.unescape(page(WORDS)).count(told) == 1
    assert "only their order among the classes" in page(WORDS)
    assert "only their order" not in page(CAM)
    rounded = ExplainedBranch("words", PICTURE, signed=True, total=-0.252, offset=-1.7)
    told = "Score −0.25 = +1.45 from the image's regions − 1.70 that every image gets."
    assert told in html.unescape(page(rounded))
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
    found = page(CAM, name="<script>x.jpg", without={"<b>.jpg": "it is empty"})
    assert "<script" not in found
    assert "&lt;script&gt;x.jpg" in found
    assert "&lt;b&gt;.jpg</b>: it is empty" in found


def test_the_heading_says_that_the_class_is_predicted():
    assert ">predicted: sea <" in page(CAM)


def test_classes_of_the_same_score_are_named():
    found = page(CAM, tied=["a", "b", "c", "d"])
    assert "93.4 %; predicted, tied with a, b, c and 1 more" in found
    assert "93.4 %; rank 2, tied with a, b, c and 1 more" in found
    assert "rank 2, tied with pond</small>" in page(CAM, tied=["pond"])


def test_training_images_have_a_legend():
    votes = ExplainedBranch("nearest", total=1.0, neighbors=[("a", 1.0, None)])
    assert "its share of all votes" in page(votes)
    assert "the largest terms" not in page(votes)
    assert "the largest terms" in page(NEAREST)
    assert "Training images" not in page(WORDS)


def test_maps_beside_a_page_are_known_by_the_page(tmp_path):
    path = tmp_path / "explanations.html"
    assert files_named_in(path) == set()
    path.write_text(page(CAM, name='<section class="explained" data-files="002-x.png"'))
    assert files_named_in(path) == {"001-a.png", "001-b.png"}
    path.write_text('<section class="explained" data-files="../001-a.png 001-a.txt 001-/a.png">')
    assert files_named_in(path) == set()
