"""`--set KEY=VALUE`."""

from pathlib import Path

import pytest

from strata.pipeline.experiment.overrides import override


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("photos", str(Path.cwd() / "photos")),
        ("~/photos", str(Path.home() / "photos")),
        ("/data/photos", "/data/photos"),
        ("https://example.org/photos.zip", "https://example.org/photos.zip"),
        ("scenes", "scenes"),
    ],
)
def test_paths_count_from_where_the_program_is_started(given, expected):
    tables = {"data": {"source": "images"}, "methods": {"bovw": {}}}
    override(tables, f"data.source={given}")
    assert tables["data"]["source"] == expected


def test_other_values_are_toml_or_text():
    tables = {"methods": {"bovw": {}}}
    override(tables, "bovw.codebook.n_words=64")
    override(tables, "methods.bovw.classifier.kernel=rbf")
    override(tables, 'title = "A title"')
    assert tables == {
        "methods": {"bovw": {"codebook": {"n_words": 64}, "classifier": {"kernel": "rbf"}}},
        "title": "A title",
    }
