"""Page, table, paragraph and results.json say which confidence intervals they have."""

import json
from dataclasses import replace

import pytest

from strata.reports import analyze
from strata.reports.exports.methods_paragraph import paragraph, references
from strata.reports.exports.paper_tables import latex_table
from strata.reports.exports.results_json import json_text
from strata.reports.page import page_html, pictures_for
from tests.reports import synthetic

WORDS = {"t": "orrected for overlapping training sets", "bootstrap": "percentile bootstrap"}


@pytest.mark.parametrize("kind", WORDS)
def test_every_text_names_the_intervals(kind):
    analysis = analyze(replace(synthetic.three(per_class=8), intervals=kind))
    (other,) = WORDS.keys() - {kind}
    written = paragraph(analysis.ranking)
    for text in (written, latex_table(analysis)):
        assert WORDS[kind] in text
        assert WORDS[other] not in text
    assert ("efron1993introduction" in references(written)) == (kind == "bootstrap")
    page = page_html(analysis, pictures_for(analysis, synthetic.picture))
    assert ("percentile bootstrap: the images of each fold drawn again" in page) == (
        kind == "bootstrap"
    )
    document = json.loads(json_text(analysis))
    assert document["intervals"] == kind
