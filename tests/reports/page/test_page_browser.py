"""The page in headless Chromium: it loads, sorts, links, fits, and its screenshots are kept."""

import os
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from strata.reports import write_report
from strata.reports.model.results import MethodResult
from tests.reports import synthetic

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (set CHROMIUM to its path)"),
]


def awkward(comparison):
    """Long names, and an error with a long address in it."""
    methods = [replace(m, name=f"{m.name}[train_per_class=250]") for m in comparison.methods]
    error = f"It cannot be downloaded: https://example.org/{'weights_' * 12}.pth\n  Fetch it."
    return replace(comparison, methods=[*methods, MethodResult("lost", "r", error=error)])


COMPARISONS = {
    "three": lambda: synthetic.three(per_class=16),
    "twenty": lambda: synthetic.twenty(per_class=8),
    "two-classes": lambda: awkward(synthetic.three(2, 40)),
    "thirty-classes": lambda: synthetic.three(30, 6, folds=3),
}


#: Kept as pictures from top to bottom; of the others the first screen.
WHOLE = ("three", "twenty")


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    return {
        name: write_report(make(), folder / name, thumbnail=synthetic.picture).html
        for name, make in COMPARISONS.items()
    }


@pytest.fixture
def screenshots(tmp_path):
    folder = Path(os.environ.get("STRATA_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def opened(chromium, pages):
    """Opens a page and, at the end, asks that it had nothing to complain of."""
    complaints, contexts = [], []

    def go(name, width=1440, scheme="light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        context.set_default_timeout(180_000)  # a busy machine is slow, not wrong
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url[:80]))
        page.goto(pages[name].as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert not complaints


def take(page, path, **options):
    """A picture of the page; a busy browser may refuse once."""
    sync_api = pytest.importorskip("playwright.sync_api")
    try:
        page.screenshot(path=path, **options)
    except sync_api.Error:
        page.wait_for_timeout(2000)
        page.screenshot(path=path, **options)


@pytest.mark.parametrize("width", [380, 1440])
@pytest.mark.parametrize("name", COMPARISONS)
def test_nothing_overflows(opened, screenshots, name, width):
    page = opened(name, width, "dark" if width == 380 else "light")
    take(page, screenshots / f"{name}-{width}.png", full_page=name in WHOLE)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre')
            && !e.closest('.hidden') && !e.closest('svg')
            && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert wide == []


@pytest.mark.parametrize("name", ["two-classes", "thirty-classes"])
def test_no_name_in_a_drawing_is_cut_on_a_phone(opened, name):
    page = opened(name, 380)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('main svg text')].filter(text => {
            const svg = text.closest('svg').getBoundingClientRect();
            const own = text.getBoundingClientRect();
            return own.left < svg.left - 1 || own.top < svg.top - 1;
        }).map(text => text.textContent)"""
    )
    assert cut == []


def test_dark_and_light_differ_and_both_are_kept(opened, screenshots):
    def paper(scheme):
        page = opened("three", scheme=scheme)
        take(page, screenshots / f"three-top-{scheme}.png")
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert paper("light") != paper("dark")


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_anchor_leads_somewhere(opened, name):
    page = opened(name)
    lost = page.evaluate(
        """() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))
            .filter(h => !h.startsWith('#') || !document.getElementById(h.slice(1)))"""
    )
    assert lost == []


def column(page, nth):
    return page.eval_on_selector_all(
        f".ranking tbody tr > *:nth-child({nth})", "cells => cells.map(c => c.dataset.key ?? '')"
    )


def test_ranking_sorts_by_every_column_both_ways_with_unknown_values_last(opened):
    page = opened("twenty")
    heads = page.locator(".ranking thead button")
    for nth in range(heads.count()):
        orders = []
        for _ in range(2):
            heads.nth(nth).click()
            sort = page.locator(".ranking thead th").nth(nth).get_attribute("aria-sort")
            keys = [key for key in column(page, nth + 1) if key not in ("", "9999")]
            values = keys if nth == 1 else [float(key) for key in keys]
            expected = sorted(values, key=str.lower) if nth == 1 else sorted(values)
            if sort == "descending":
                expected.reverse()
            if nth != 1:
                assert values == expected
            orders.append(sort)
        assert sorted(orders) == ["ascending", "descending"]
        if nth > 1:
            last = page.locator(".ranking tbody tr").last
            assert "failed" in last.get_attribute("class")


def test_sorting_works_from_the_keyboard(opened):
    page = opened("three")
    page.locator(".ranking thead button").nth(1).focus()
    page.keyboard.press("Enter")
    names = page.locator(".ranking tbody th a").all_inner_texts()
    assert names == sorted(names)
    page.keyboard.press("Space")
    assert page.locator(".ranking tbody th a").all_inner_texts() == sorted(names, reverse=True)


def test_first_tab_reaches_the_skip_link_and_it_skips(opened):
    page = opened("three")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'main'")


def test_a_link_opens_a_folded_method(opened):
    page = opened("twenty")
    assert page.locator("details.method[open]").count() == 0
    first = page.locator(".ranking tbody a").first.inner_text()
    page.locator(".ranking tbody a").first.click()
    page.wait_for_selector("details.method[open]")  # the browser tells of the new place later
    assert page.locator("details.method[open]").count() == 1
    assert page.locator("details.method[open] h3").inner_text() == first
    page.wait_for_function(
        "document.querySelector('details.method[open]').getBoundingClientRect().top < 200"
    )


def test_headings_go_down_one_step_at_a_time(opened):
    page = opened("three")
    levels = page.eval_on_selector_all(
        "main h1, main h2, main h3, main h4", "all => all.map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_tables_have_captions_and_scoped_headings(opened):
    page = opened("three")
    bare = page.evaluate(
        """() => [...document.querySelectorAll('table')].filter(t => !t.caption
            || [...t.querySelectorAll('th')].some(h => !h.scope)).length"""
    )
    assert bare == 0


def test_what_scrolls_can_be_reached_with_the_keyboard_and_has_a_name(opened):
    page = opened("thirty-classes")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('.scroll')].filter(e => e.tabIndex !== 0
            || !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby'))).length"""
    )
    assert unnamed == 0


@pytest.mark.parametrize("name", ["three", "thirty-classes"])
def test_paper_is_wide_enough(opened, name):
    page = opened(name, 700)  # A4 between its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 700


def test_prints_with_every_section_unfolded(opened, screenshots):
    page = opened("two-classes")
    assert page.locator("details:not([open])").count() > 0
    pdf = page.pdf(path=screenshots / "two-classes.pdf", format="A4")
    assert pdf.startswith(b"%PDF")
    assert page.locator("details:not([open])").count() == 0


def test_reads_without_script(opened):
    page = opened("three", java_script_enabled=False)
    assert page.locator(".ranking tbody tr").count() == 3
    assert page.locator("details.method[open]").count() == 3
