"""The paper's tables against each other: where they add up, and where they do not."""

import pytest

from emotalk_lite import paper_tables as paper
from emotalk_lite.variants import VARIANTS


def test_rows_are_those_of_the_eight_variants():
    assert list(paper.MOS) == list(paper.LIKERT) == list(VARIANTS)
    for table in (paper.FID, paper.RESOLUTION, paper.BITRATE):
        assert list(table) == ["base", "se", "em", "se+em+bsrgan"]


def test_aggregates_are_the_means_of_the_three_questions():
    for name, row in paper.MOS.items():
        assert row.aggregate == pytest.approx(sum(row[:3]) / 3, abs=0.005), name


def test_changes_are_those_of_the_unrounded_aggregates():
    base = sum(paper.MOS["base"][:3])
    for name, row in paper.MOS.items():
        if name != "base":
            assert row.change == pytest.approx(100 * (sum(row[:3]) / base - 1), abs=0.01), name


def test_the_texts_change_of_the_score_fits_neither_the_table_nor_its_own_two_scores():
    assert paper.MOS["se+em+bsrgan"].change == 27.95
    of_the_text = 100 * (paper.CLAIMS["mos_full"] / paper.CLAIMS["mos_base"] - 1)
    assert of_the_text == pytest.approx(28.10, abs=0.01)
    assert paper.CLAIMS["mos_change"] == 28.5


def test_the_best_aggregate_is_without_the_eye_mask():
    assert max(paper.MOS, key=lambda name: paper.MOS[name].aggregate) == "se+bsrgan"
    assert paper.MOS["se+em"].aggregate < paper.MOS["se"].aggregate
    assert paper.MOS["se+em+bsrgan"].aggregate < paper.MOS["se+bsrgan"].aggregate


def test_shares_sum_to_about_a_hundred():
    for name, row in paper.LIKERT.items():
        for shares in row:
            assert sum(shares) == pytest.approx(100, abs=0.35), name


def test_agreement_is_what_the_text_says():
    for question in ("realistic", "pleasing"):
        for name, row in (("base", paper.LIKERT["base"]), ("full", paper.LIKERT["se+em+bsrgan"])):
            assert sum(getattr(row, question)[3:]) == pytest.approx(paper.CLAIMS[f"{question}_{name}"], abs=0.01)


def test_distances_change_as_printed():
    for name, change in paper.FID_CHANGE.items():
        assert change == pytest.approx(100 * (paper.FID[name] / paper.FID["base"] - 1), abs=0.01)
    assert round(-paper.FID_CHANGE["se+em+bsrgan"], 1) in (86.8, paper.CLAIMS["fid_reduction"])
