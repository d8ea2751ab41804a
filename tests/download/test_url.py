"""URLs as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.download.url import request_url
from strata.errors import InputError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.org/a.zip", "http://example.org/a.zip"),
        ("HTTPS://Example.ORG:8443/a?b=c&d=%20#part", "https://example.org:8443/a?b=c&d=%20"),
        ("http://bücher.example/Fluß und Meer.zip", "http://xn--bcher-kva.example/Flu%C3%9F%20und%20Meer.zip"),
        ("http://host/a?q=é", "http://host/a?q=%C3%A9"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://127.0.0.1/50%25", "http://127.0.0.1/50%25"),
        ("http://host_name/日本.tar.gz", "http://host_name/%E6%97%A5%E6%9C%AC.tar.gz"),
    ],
)  # fmt: skip
def test_what_is_sent(url, expected):
    assert request_url(url) == expected
    assert request_url(expected) == expected


@given(st.text(max_size=30), st.sampled_from(["", "http://", "https://", "http://a/", "http://["]))
def test_any_text_is_a_url_in_ascii_or_refused(text, start):
    try:
        sent = request_url(start + text)
    except InputError as error:
        assert error.exit_code == 2  # noqa: PT017
    else:
        assert sent.isascii()
        assert sent.isprintable()
        assert " " not in sent
