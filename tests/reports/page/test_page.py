"""The parts of the page that can be told right from wrong without looking at it."""

import base64
import io
import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from strata.reports import analyze
from strata.reports.comparison.pairs import Pair
from strata.reports.model.results import MethodResult, StageRow
from strata.reports.model.visualizations import Panel
from strata.reports.page import page_html, pictures_for
from strata.reports.page.cross_method import _sentence as kind_sentence
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.confusion_matrix import confusion_drawing, text_style
from strata.reports.page.plots.critical_difference_plot import tied_groups
from strata.reports.page.plots.interval_bars import bar
from strata.reports.page.plots.pareto import Point, pareto_front, pareto_plot
from strata.reports.page.plots.svg import CHARACTER, Frame, Scale, element, number, text_width
from strata.reports.page.render import anchor, nonbreaking
from strata.reports.statistics.intervals import UNKNOWN, Interval
from strata.reports.statistics.significance import SignificanceResult
from tests.reports import synthetic

positive = st.floats(1e-6, 1e9)


@given(positive, positive, st.booleans())
def test_ticks_are_inside_the_scale_ascending_and_few(a, b, log):
    low, high = min(a, b), max(a, b)
    if high < low * 1.001:
        return
    ticks = Scale(low, high, 0, 100, log=log).ticks()
    assert len(ticks) <= 8
    assert ticks == sorted(set(ticks))
    slack = 1e-6 * (low if log else high - low)
    assert all(low - slack <= t <= high * (1 + 1e-6) for t in ticks)


@given(positive, positive, positive, st.booleans())
def test_scales_keep_order_and_ends(a, b, value, log):
    low, high = min(a, b), max(a, b)
    if high < low * 1.001:
        return
    scale = Scale(low, high, 10, 90, log=log)
    assert scale(low) == pytest.approx(10)
    assert scale(high) == pytest.approx(90)
    assert (scale(value) >= 10) == (value >= low) or scale(value) == pytest.approx(10)


def test_text_in_drawings_is_escaped():
    made = element("text", "<b>&", aria_label='"quoted" <')
    assert made == '<text aria-label="&#34;quoted&#34; &lt;">&lt;b&gt;&amp;</text>'


def test_numbers_in_drawings_are_short():
    assert [number(v) for v in (1.0, 1.25, 0.04, -3.96)] == ["1", "1.2", "0", "-4"]


def test_a_line_is_broken_where_a_value_is_missing():
    frame = Frame((0, 3), (0, 1))
    frame.line([0, 1, 2, 3], [0, float("nan"), 1, 0], "line")
    (d,) = re.findall(r' d="([^"]+)"', frame.parts[0])
    assert re.sub(r"[^ML]", "", d) == "MML"


points = st.lists(
    st.builds(Point, st.just("m"), st.sampled_from([1.0, 2, 3, 4]),
              st.sampled_from([0.1, 0.2, 0.3]), st.just(UNKNOWN)),
    min_size=1, max_size=12,
)  # fmt: skip


@given(points)
def test_frontier_holds_exactly_what_nothing_dominates(found):
    def beaten(p):
        return any(
            q.cost <= p.cost and q.accuracy >= p.accuracy and (q.cost, q.accuracy) != p[1:3]
            for q in found
        )

    expected = {p[1:3] for p in found if not beaten(p)}
    assert {p[1:3] for p in pareto_front(found)} == expected


def test_labels_of_the_plot_do_not_overlap_and_the_frontier_is_filled():
    rng = np.random.default_rng(0)
    many = [
        Point(f"method-{i}", float(c), float(a), Interval(a - 0.02, a + 0.02))
        for i, (c, a) in enumerate(
            zip(rng.uniform(1, 99, 20), rng.uniform(0.6, 0.9, 20), strict=True)
        )
    ]
    made = pareto_plot(many, "fit time", str, str, "test images")
    labels = re.findall(r'class="label[^"]*" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">', made)
    assert len(labels) >= 8
    boxes = []
    for x, y, side in labels:
        width = 6.4 * len("method-1")
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[side]
        boxes.append((left, float(y), left + width, float(y) + 10))
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])
    assert made.count('class="dot on"') == len(pareto_front(many))


def test_no_plot_of_a_cost_that_one_method_has():
    assert pareto_plot([Point("a", 1.0, 0.9, UNKNOWN)], "fit time", str, str, "test") is None


def pair(first, second, p):
    return Pair(first, second, "cv", 0.0, None, SignificanceResult(0, p, "t"), p)


def test_tied_groups_are_maximal_runs_without_a_significant_pair():
    pairs = [
        pair("a", "b", 0.5), pair("b", "c", 0.5), pair("a", "c", 0.01),
        pair("c", "d", 0.5), pair("b", "d", 0.5), pair("a", "d", 0.01),
    ]  # fmt: skip
    assert tied_groups(["a", "b", "c", "d"], pairs) == [(0, 1), (1, 3)]
    assert tied_groups(["a", "b"], [pair("a", "b", 0.01)]) == []
    assert tied_groups(["a", "b"], [Pair("a", "b", "cv", 0.0, untested="other folds")]) == [(0, 1)]


def test_confusion_drawing_shows_the_cells_that_have_images():
    made = confusion_drawing(np.array([[8, 2, 0], [0, 10, 0], [0, 4, 6]]), ["a", "b", "c"], 2, "x")
    assert made.count('class="cell correct"') == 3
    assert made.count('class="cell incorrect"') == 2
    assert "a → b: 1 of 5" in made
    assert "80.0 % of the images" in made


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_bars_stay_on_their_axis(low, value, high):
    style = bar(value, Interval(min(low, value), max(high, value)), (0.3, 1.0))
    start, end, dot = (float(v) for v in re.findall(r":([\d.]+)%", style))
    assert 0 <= start <= dot <= end <= 100


@given(st.lists(st.text(min_size=1), unique=True, max_size=8))
@example(["\xe91", "\u0e91"])
def test_anchors_are_plain_and_all_different(names):
    made = [anchor(name) for name in names]
    assert len(set(made)) == len(names)
    assert all(re.fullmatch(r"method-\w+", a, re.A) for a in made)


def inside(symbols: str) -> list[Image.Image]:
    found = re.findall(r'href="data:image/\w+;base64,([^"]+)"', symbols)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_pictures_are_small_jpegs_and_stand_in_the_page_once():
    pictures = Pictures(synthetic.picture, side=96)
    first = pictures.show("train/coast/001.jpg")
    size = pictures.bytes
    assert pictures.show("train/coast/001.jpg") == first
    assert pictures.bytes == size
    (image,) = inside(pictures.symbols)
    assert image.format == "JPEG"
    assert max(image.size) == 96
    assert (first.width, first.height) == image.size
    assert '"xMidYMid meet"' in str(pictures.symbols)  # frames show whole pictures


def test_pictures_keep_to_their_budget():
    pictures = Pictures(synthetic.picture, budget=20_000)
    made = [pictures.show(f"train/coast/{i:03}.jpg") for i in range(20)]
    shown = [one for one in made if one]
    assert 0 < pictures.bytes <= 20_000
    assert len(inside(pictures.symbols)) == len(shown)
    assert pictures.left_out == made.count(None) > 0


def test_enlarged_tiles_keep_every_pixel():
    filters = np.random.default_rng(0).integers(0, 256, (5, 5, 3), np.uint8)
    pictures = Pictures(synthetic.picture)
    shown = pictures.panel(Panel(filters, "a filter", enlarged=True))
    (image,) = inside(pictures.symbols)
    assert np.array_equal(np.asarray(image), filters)
    assert shown.width == shown.height
    assert shown.width % 5 == 0
    assert "sharp" in pictures.symbols


@given(st.lists(st.text(min_size=1), min_size=2, max_size=8, unique=True))
def test_full_pictures_have_a_file_name_of_their_own(images):
    pictures = Pictures(lambda _: np.zeros((4, 4, 3), np.uint8), full_size=True)
    for image in images:
        pictures.show(image)
    assert sorted(pictures.full.values()) == sorted(images)
    assert all(re.fullmatch(r"pictures/[\w.-]+\.jpg", path, re.A) for path in pictures.full)


def colors(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes() -> list[dict[str, str]]:
    css = files("strata.reports.page").joinpath("templates", "page.css").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    return [colors(light), colors(dark[: dark.index("* {")])]


def test_counts_can_be_read_on_cells_of_every_shade():
    inks = {"count": "ink", "count mid": "mid", "count over": "over"}
    for theme in themes():
        for hue in ("accent", "warm"):
            for shade in np.linspace(0, 1, 41):
                below, above = (
                    np.array([int(theme[name][i : i + 2], 16) for i in (1, 3, 5)])
                    for name in ("paper", hue)
                )
                mixed = np.round(below + shade * (above - below)).astype(int)
                cell = "#" + "".join(f"{part:02x}" for part in mixed)
                assert contrast(cell, theme[inks[text_style(shade)]]) > 3.5, (hue, shade)


def test_text_has_contrast_in_light_and_in_dark():
    for theme in themes():
        for text in ("ink", "soft", "accent", "warm", "third"):
            assert contrast(theme[text], theme["paper"]) >= 4.5, text
        assert contrast(theme["accent"], theme["wash"]) >= 4.5
        assert contrast(theme["soft"], theme["wash"]) >= 4.5
        assert contrast(theme["warm"], theme["warm-wash"]) >= 4.5
        assert contrast(theme["warm"], theme["panel"]) >= 4.5
        assert contrast(theme["over"], theme["accent"]) >= 4.5


def reshuffled(comparison):
    """Three repeats, each on folds of its own."""
    rng = np.random.default_rng(0)
    methods = []
    for m in comparison.methods:
        fold = m.cv.fold.copy()
        fold[m.cv.repeat > 0] = rng.permutation(fold[m.cv.repeat > 0])
        methods.append(replace(m, cv=replace(m.cv, fold=fold)))
    return replace(comparison, methods=methods)


def test_folds_that_are_drawn_anew_are_not_averaged_as_if_they_were_one():
    kept = synthetic.three(per_class=8, repeats=3)
    anew = reshuffled(kept)
    assert len(re.search(r"Accuracy by fold: ([\d., ]+) %", _page(kept))[1].split(", ")) == 8
    text = _page(anew)
    accuracy = analyze(anew).ranking.rows[0].evaluations["cv"].folds.accuracy
    means = ", ".join(f"{100 * mean:.1f}" for mean in accuracy.mean(axis=1))
    assert f"Accuracy by repeat: {means} %." in text
    assert "Accuracy by fold:" not in text


def test_the_page_says_that_images_are_of_the_first_repeat():
    assert "(cross-validation, first of 3 repeats)" in _page(synthetic.three(repeats=3))
    assert "first of" not in _page(synthetic.three(per_class=8))


def test_counts_over_repeats_are_written_short():
    numbers = re.findall(r'<td class="number">(\d[\d.]*)</td>', _page(synthetic.three(repeats=3)))
    assert len(numbers) > 20
    assert max(len(n.partition(".")[2]) for n in numbers if n.count(".") == 1) <= 3
    assert not any(n.endswith("3333") for n in numbers)


def test_a_run_that_found_its_stages_made_does_not_give_its_own_time_as_theirs():
    comparison = synthetic.three(per_class=8)
    stages = [StageRow("svm", 60.0, made, 1, 10) for made in ("kept", "now")]
    some = [replace(m, stages=stages) for m in comparison.methods]
    assert "6 of 6" not in _page(replace(comparison, methods=some))
    assert "3 of 6 stages were kept" in _page(replace(comparison, methods=some))
    every = [replace(m, stages=stages[:1]) for m in comparison.methods]
    assert "all stages were kept" in _page(replace(comparison, methods=every))


def test_numbers_stay_with_their_units_and_ranges_on_one_line():
    assert (
        nonbreaking("a 8-fold 96.1–99.0 of 97 %")
        == "a 8\u2011fold 96.1\u2060–\u206099.0 of 97\u00a0%"
    )


def test_where_no_image_is_right_in_one_kind_alone_nothing_is_announced_below():
    assert kind_sentence(0, 56, "deep", 3, "classical") == (
        "No image is classified correctly by most deep methods and by no classical method."
    )


def test_a_page_without_results_does_not_rank_by_nothing():
    text = _page(
        replace(synthetic.three(), methods=[MethodResult("lost", "r", error="no weights")])
    )
    assert "No method has results yet, for the following reasons." in text
    assert "Bars are" not in text
    assert "by accuracy ()" not in text


def test_the_corner_of_a_small_confusion_matrix_has_room():
    made = confusion_drawing(np.eye(2, dtype=int), ["cat", "dog"], 1, "x")
    assert float(re.search(r'width="([\d.]+)"', made)[1]) > CHARACTER * len("true ↓  predicted →")


def _page(comparison) -> str:
    analysis = analyze(comparison)
    return page_html(analysis, pictures_for(analysis, synthetic.picture))


@pytest.mark.parametrize("classes", [8, 15, 30, 60, 120])
def test_a_confusion_matrix_has_numbers_a_scale_and_room_on_the_page(classes):
    """The column of the page is 980 pixels wide at 1300."""
    names = [f"class {i}" for i in range(classes)]
    one = np.eye(classes)
    made = confusion_drawing(one * 12 + np.roll(one, 1, axis=0), names, 1, "x")
    inside = re.findall(r'class="count(?: over| mid)?(?: small| tiny)?"[^>]*>12<', made)
    assert len(inside) == (classes if classes <= 64 else 0)
    assert made.count(' scale"') == 10
    for text in ("% of class, correct", "% of class, incorrect", ">100<"):
        assert text in made
    width = float(re.search(r'width="([\d.]+)"', made)[1])
    assert width <= 980 or classes > 64


def test_a_number_wider_than_its_cell_is_left_out():
    names = [f"c{i}" for i in range(60)]
    made = confusion_drawing(np.eye(60, dtype=int) * 12345, names, 1, "x")
    assert ">12345<" not in made
    assert "12345 of 12345" in made


def test_every_point_of_a_cost_plot_has_a_label_and_none_leaves_the_plot():
    """Forty methods of long names: those without room have their rank."""
    rng = np.random.default_rng(1)
    many = [
        Point(f"a method of a long name number {i}", float(c), float(a), UNKNOWN, "", i + 1)
        for i, (c, a) in enumerate(
            zip(rng.uniform(1, 99, 25), rng.uniform(0.5, 0.9, 25), strict=True)
        )
    ]
    made = pareto_plot(many, "fit time", str, str, "test images")
    labels = re.findall(
        r'class="label[^"]*" x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">([^<]+)<', made
    )
    assert len(labels) == len(many)
    assert any(text.isdigit() for _, _, text in labels)
    for x, side, text in labels:
        width = 7.6 * len(text)
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[side]
        assert left >= 0
        assert left + width <= 460


def test_test_images_have_their_metrics_by_class_and_their_errors():
    page = _page(synthetic.three(per_class=16))
    for split in ("cross-validation", "test images"):
        assert page.count(f"Per-class metrics, {split}. Bars") == 3
        assert page.count(f"Most frequent confusions, {split}") == 3
        assert page.count(f"Most confident errors <small>{split}") == 3


def test_file_names_stand_below_the_pictures():
    page = _page(synthetic.three(per_class=16))
    figures = re.findall(r"<figure>.*?</figure>", page, re.S)
    shown = [f for f in figures if "margin" in f]
    assert shown
    for figure in shown:
        (name,) = re.findall(r'<small class="file">([^<]+)</small>', figure)
        assert f'aria-label="{name}' in figure


def test_an_image_has_one_badge_of_the_audit_however_many_findings():
    whole = synthetic.three(per_class=16)
    finding = {"severity": "tip", "why": "", "remedy": ""}
    found = [
        {**finding, "title": f"finding {i}", "images": [whole.methods[0].cv.ids]} for i in range(4)
    ]
    found[2]["severity"] = "issue"
    page = _page(replace(whole, data=replace(whole.data, findings=found)))
    section = page.split('id="cross-method"')[1].split("</section>")[0]
    (first, *_) = re.findall(r"<figcaption>.*?</figcaption>", section, re.S)
    assert first.count("badge") == 1
    assert "finding 2" in first
    assert "and 3 more" in first


def test_what_the_command_line_set_is_at_the_top():
    whole = synthetic.three(per_class=8)
    page = _page(replace(whole, run=replace(whole.run, settings=["fisher.mixture.k=128"])))
    assert "<code>fisher.mixture.k=128</code>" in page.split("<h1>")[0].split("<header")[1]


def test_wide_characters_have_room():
    """A name of ten characters that are as wide as high needs 120 pixels at a size of 12."""
    assert text_width("东京" * 5) >= 120
    assert text_width("cafe\u0301") == text_width("caf\u00e9") == text_width("cafe")
    one = np.eye(2)
    latin, wide = (confusion_drawing(one, [name, "b"], 1, "x") for name in ("a" * 10, "东京" * 5))
    starts = [
        float(re.search(r'class="frame" x="([\d.]+)"', drawing)[1]) for drawing in (latin, wide)
    ]
    assert starts[1] >= 120 > starts[0]
