"""Splits of an experiment: what the audit and `init` say, `make` does."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.data.audit import audit
from strata.pipeline.data.fold_limits import fold_limits
from strata.pipeline.data.manifest import ImageRecord, Manifest
from strata.pipeline.experiment.splits import draw_splits
from tests.pipeline.data.folders import textured
from tests.pipeline.data.records import jpeg, record


def plain(contents, split=None):
    """Records without pixels: class -> the content of each of its images."""
    return tuple(
        ImageRecord(f"{label}/{n}", Path(), label, split, 99, 99, 1, 1, f"{label} {content}", 0)
        for label, found in contents.items()
        for n, content in enumerate(found)
    )


def drawn(records, folds, test=0.3, near_duplicates=True, seed=0):
    return draw_splits(
        records,
        near_duplicates=near_duplicates,
        folds=folds,
        repeats=1,
        new_folds=True,
        seed=seed,
        test=test,
    )


contents = st.lists(st.integers(0, 12), min_size=1, max_size=20)


@settings(deadline=None, max_examples=60)
@given(
    classes=st.dictionaries(st.sampled_from("abc"), contents, min_size=2),
    folds=st.integers(2, 9),
    test=st.sampled_from([0, 0.1, 0.3, 0.6]),
    split=st.sampled_from([None, "train"]),
)
def test_make_refuses_what_the_audit_calls_an_error(classes, folds, test, split):
    records = plain(classes, split)
    findings = audit(Manifest(Path(), records), folds=folds, test=test).findings
    told = [finding.title for finding in findings if finding.code == "small-class"]
    digests = [r.digest for r in records]
    most = fold_limits(records, digests, test=test).most
    assert bool(told) == (most < folds)
    if told:
        with pytest.raises(InputError) as caught:
            drawn(records, folds, test)
        assert str(caught.value).startswith(told[0])
        return
    found = drawn(records, folds, test)
    for label in classes:
        rows = zip(records, found["test"], found["folds"][0], strict=True)
        sides = {fold for r, is_test, fold in rows if r.label == label}
        assert sides == set(range(folds)) | ({-1} if test and not split else set())


def test_sixteen_encodings_of_one_picture_and_six_others():
    copies = [jpeg(textured(0, 96), 60 + 2 * n) for n in range(16)]
    images = [*copies, *(textured(n, 96) for n in range(1, 7))]
    records = [record(image, f"a/{n}", "a") for n, image in enumerate(images)]
    records += [record(textured(n, 96), f"b/{n}", "b") for n in range(100, 122)]
    for folds in range(2, 7):
        assert set(drawn(records, folds)["folds"][0]) == set(range(-1, folds))
    with pytest.raises(InputError, match=r"for 7 folds and a test set: 'a' \(7\)") as caught:
        drawn(records, 7)
    assert "use at most 6 folds" in caught.value.hint
    assert "near_duplicates = false under [data]" in caught.value.hint
    assert set(drawn(records, 7, near_duplicates=False)["folds"][0]) == set(range(-1, 7))


def test_exact_copies_are_copies_whatever_is_set():
    with pytest.raises(InputError) as caught:
        drawn(plain({"a": [0] * 9, "b": range(9)}), 2)
    assert "near_duplicates" not in caught.value.hint


def test_a_drawn_test_set_stays_put_when_images_are_added():
    before = plain({"a": range(40), "b": range(60)})
    after = plain({"a": range(44), "b": range(61)})
    tests = []
    for records in (before, after):
        chosen = zip(records, drawn(records, 4)["test"], strict=True)
        tests.append({r.digest for r, test in chosen if test})
    known = {r.digest for r in before}
    assert len((tests[0] ^ tests[1]) & known) <= 5
    other = zip(before, drawn(before, 4, seed=1)["test"], strict=True)
    assert len(tests[0] ^ {r.digest for r, test in other if test}) > 10
    assert np.mean(drawn(before, 4)["test"]) == pytest.approx(0.3)
