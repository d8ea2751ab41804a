"""Class names in any writing: in PDF figures by a font that has it, else it is named."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.reports import write_report
from strata.reports.page.fonts import DEFAULT, fonts_for
from strata.reports.page.plots.confusion_matrix import confusion_drawing
from strata.reports.page.plots.svg_styles import styled
from strata.text import printable
from tests.reports import synthetic

RARE = "\U00013000\U00013001"  # Egyptian hieroglyphs


@pytest.fixture
def font(tmp_path):
    """Installs a font with one hieroglyph for the time of a test."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib.font_manager import fontManager

    pen = TTGlyphPen(None)
    for i, corner in enumerate([(0, 0), (0, 700), (500, 700), (500, 0)]):
        pen.lineTo(corner) if i else pen.moveTo(corner)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "bird"])
    builder.setupCharacterMap({ord(RARE[0]): "bird"})
    builder.setupGlyf({".notdef": pen.glyph(), "bird": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 50), "bird": (600, 50)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Birds", "styleName": "Regular", "psName": "Birds"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    path = tmp_path / "birds.ttf"
    builder.save(path)
    before = list(fontManager.ttflist)
    fontManager.addfont(str(path))
    fonts_for.cache_clear()
    yield "Birds"
    fontManager.ttflist[:] = before
    fonts_for.cache_clear()


def named(*names: str):
    """Two classes of these names, one method."""
    whole = synthetic.three(classes=2, per_class=4, folds=2)
    counts = {name: {"train": 4, "test": 4} for name in names}
    data = replace(whole.data, classes=list(names), counts=counts, sample_ids={}, findings=[])
    return replace(whole, data=data, methods=whole.methods[:1])


def test_latin_names_need_the_default_font_alone():
    assert fonts_for(frozenset("Wald und Küste, Łódź")) == ((DEFAULT,), "")


def test_a_font_that_has_the_characters_is_found(font):
    assert fonts_for(frozenset(f"a{RARE[0]}")) == ((DEFAULT, font), "")
    assert fonts_for(frozenset(RARE)).missing == RARE[1]


def test_missing_characters_are_named_and_the_found_ones_embedded(font, tmp_path):
    whole = named(RARE[0], RARE[1])
    files = write_report(
        whole, tmp_path / "out", thumbnail=synthetic.picture, figures=tmp_path / "figures"
    )
    assert files.missing_glyphs == RARE[1]
    pdf = (tmp_path / "figures" / "bovw-confusion-cv.pdf").read_bytes()
    assert re.search(rb"/FontName /\w*\+?Birds", pdf)


def test_control_characters_and_lone_surrogates_are_written_as_escapes(tmp_path):
    names = ["a\x1b[31m\x00", "b\udcff\ufffe"]
    whole = named(*names)
    files = write_report(
        replace(whole, name="n\udcff", title="t\x07"),
        tmp_path / "out",
        thumbnail=synthetic.picture,
        zipped=True,
        figures=tmp_path / "figures",
    )
    page = files.html.read_text("utf-8")
    svg = (tmp_path / "figures" / "bovw-confusion-cv.svg").read_text("utf-8")
    for text in (page, svg):
        assert "a\\x1b[31m\\x00" in text
        assert "b\\udcff\\ufffe" in text
        assert not re.search("[\x00-\x08\x0e-\x1f]", text)


def test_printable_leaves_ordinary_text_alone():
    for text in ("Küste", "東京", "a\tb\nc", "👩\u200d🔬", ""):
        assert printable(text) == text


def test_names_that_print_alike_are_two_classes(tmp_path):
    """An accent as one character and as two, a space of no width."""
    for names in (("caf\u00e9", "cafe\u0301"), ("x", "x\u200b")):
        files = write_report(
            named(*names), tmp_path / "out", thumbnail=synthetic.picture, figures=tmp_path / "f"
        )
        page = files.html.read_text("utf-8")
        assert all(f'class="stick">{name}</th>' in page for name in names)


@given(st.lists(st.text(st.characters(), min_size=1, max_size=12), min_size=2, max_size=4))
def test_any_names_make_a_drawing_that_is_xml(names):
    """Control characters, lone surrogates, quotes, markup, marks of direction."""
    root = styled(confusion_drawing(np.eye(len(names)), names, 1, "test images"))
    assert ElementTree.tostring(root, encoding="unicode").encode()
    assert fonts_for(frozenset("".join(names))).families[0] == DEFAULT
