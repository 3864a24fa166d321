"""The survey in a real browser, what comes back, and what it says."""

import json
import resource
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from test_cli import emotalk

from emotalk_lite.errors import EmotalkError
from emotalk_lite.mos import agreement, analyse, make_survey, mean_interval, report_bars, report_tables
from emotalk_lite.mos.questions import KEYS
from emotalk_lite.mos.raters import counts, possible_raters
from emotalk_lite.mos.responses import digest, read_key, shuffled
from emotalk_lite.paper_tables import LIKERT


ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def survey(tmp_path_factory, clips):
    """Two variants, two real clips each."""
    import emotalk_lite as et

    folder = tmp_path_factory.mktemp("survey")
    for variant in ("base", "se+em"):
        for emotion in ("anger", "happiness"):
            clip = clips[emotion]
            film = clip.frames[:10] if variant == "base" else clip.frames[10:20]
            et.Clip(film, clip.audio[: 320 * 10], sample_rate=8000).save(folder / "clips" / variant / f"{emotion}.mp4")
    return make_survey(folder / "clips", folder / "survey.html", seed=3)


def respond(path, key, rater, score, leave_out=(), backwards=False, same_seed_as=None):
    """A response as the page first wrote it, without how long each clip played."""
    order = sorted(key["clips"], reverse=backwards)
    ratings = {c: dict.fromkeys(KEYS, score(key["clips"][c]["variant"])) for c in order if c not in leave_out}
    seed = zlib.crc32((same_seed_as or rater).encode())
    content = {"format": "emotalk-mos-1", "survey": key["survey"], "rater": rater, "seed": seed, "order": order, "ratings": ratings}
    path.write_text(json.dumps({**content, "digest": digest(content)}))
    return path


def respond_now(path, key, rater, score, unplayed=(), order=None, seed=None):
    """A response as the page writes it."""
    seed = zlib.crc32(rater.encode()) if seed is None else seed
    order = order or shuffled(key["clips"], seed)
    ratings = {c: dict.fromkeys(KEYS, score(key["clips"][c]["variant"])) for c in order}
    content = {"format": "emotalk-mos-2", "survey": key["survey"], "rater": rater, "seed": seed, "order": order, "ratings": ratings}
    content["played"] = {c: 1500 for c in order if c not in unplayed}
    path.write_text(json.dumps({**content, "digest": digest(content)}))
    return path


def test_the_page_is_blinded_and_the_key_is_not(survey):
    page = survey.page.read_text()
    assert "se+em" not in page and "anger" not in page and "happiness" not in page
    assert {clip["variant"] for clip in read_key(survey.key)["clips"].values()} == {"base", "se+em"}
    assert not [line for line in page.splitlines() if "http:" in line or "https:" in line]


def test_the_same_seed_gives_the_same_page(survey, tmp_path):
    again = make_survey(survey.page.parent / "clips", tmp_path / "survey.html", seed=3)
    other = make_survey(survey.page.parent / "clips", tmp_path / "other.html", seed=4)
    assert again.page.read_bytes() == survey.page.read_bytes() != other.page.read_bytes()


def test_another_survey_does_not_replace_the_key_that_answers_need(survey, tmp_path):
    clips = survey.page.parent / "clips"
    made = make_survey(clips, tmp_path / "survey.html", seed=3)
    make_survey(clips, made.page, seed=3)  # the same one may
    before = [path.read_bytes() for path in made[:2]]
    with pytest.raises(EmotalkError, match="survey.key.json is another survey's key"):
        make_survey(clips, made.page, seed=4)
    assert [path.read_bytes() for path in made[:2]] == before


def test_another_clip_under_a_name_is_another_survey(survey, tmp_path):
    folder = shutil.copytree(survey.page.parent / "clips", tmp_path / "clips")
    first = read_key(make_survey(folder, tmp_path / "first.html").key)
    one, other = folder / "base" / "anger.mp4", folder / "se+em" / "anger.mp4"  # were exchanged by mistake
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    corrected = make_survey(folder, tmp_path / "corrected.html").key
    answer = respond(tmp_path / "answer.json", first, "a", lambda v: 3)
    with pytest.raises(EmotalkError, match="foreign: of another survey"):
        analyse([answer], corrected)


def test_a_rater_answers_reloads_and_exports(survey, chromium, tmp_path):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, accept_downloads=True)
    page, errors, asked = context.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(survey.page.as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Begin: from here on with the keyboard alone
    assert page.locator("#where").inner_text() == "Video 1 of 4"
    page.wait_for_function("document.querySelector('video').videoWidth > 0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#next").press("Enter")
    assert "Not answered yet" in page.locator("#missing").inner_text()
    for question in KEYS:
        page.locator(f"input[name={question}]").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")  # 2
    page.locator("#next").press("Enter")
    assert page.locator("#where").inner_text() == "Video 2 of 4"
    page.reload()
    page.locator("#begin", has_text="Go on").press("Enter")
    assert page.locator("#where").inner_text() == "Video 2 of 4"
    for number in (2, 3, 4):
        if number < 4:  # the last is rated unseen
            page.locator("video").evaluate("video => video.play()")
            page.wait_for_function("state.played[state.order[state.at]] > 300")
        for question in KEYS:
            page.locator(f"label:has(input[name={question}][value='{number}'])").click()
        page.locator("#next").click()
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename in page.locator("#saved").inner_text()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert errors == [] and not [url for url in asked if not url.startswith(("file:", "blob:"))]
    content = json.loads(saved.read_text())
    assert content["digest"] == digest(content)
    assert [set(content["ratings"][clip].values()) for clip in content["order"]] == [{2}, {2}, {3}, {4}]
    assert content["order"] == shuffled(content["order"], content["seed"])
    played = [content["played"].get(clip, 0) for clip in content["order"]]
    assert played[0] == played[3] == 0 and 300 < min(played[1:3]) < max(played[1:3]) < 60_000, "milliseconds"
    report = analyse([saved], survey.key)
    assert report["raters"]["partial"] == 1 and report["refused"] == {} and report["unplayed"] == {"left_out": 2, "not_recorded": 0}
    context.close()


def test_a_tab_that_waits_goes_on_where_another_one_is(survey, chromium):
    context = chromium.new_context()
    waits, rates = context.new_page(), context.new_page()
    for page in (waits, rates):
        page.goto(survey.page.as_uri())
        assert page.locator("#begin").inner_text() == "Begin"
    rates.locator("#begin").click()
    for question in KEYS:
        rates.locator(f"label:has(input[name={question}][value='5'])").click()
    rates.locator("#next").click()
    waits.locator("#begin", has_text="Go on").click()
    waits.locator("#where", has_text="Video 2 of 4").wait_for()
    context.close()


def test_every_control_of_the_page_has_a_name(survey, chromium):
    page = chromium.new_page()
    page.goto(survey.page.as_uri())
    page.locator("#begin").click()
    for question in KEYS:
        assert page.locator(f"input[name={question}]").count() == 5
    names = page.evaluate("[...document.querySelectorAll('input')].map(i => i.getAttribute('aria-label') || i.labels[0].innerText.trim())")
    assert all(names) and page.get_by_role("radio", name="strongly agree", exact=True).count() == 2
    widths = page.evaluate("[...document.querySelectorAll('.steps')].map(s => new Set([...s.children].map(l => Math.round(l.offsetWidth))).size)")
    assert widths == [1] * len(KEYS), "a larger step would draw answers"
    assert page.locator("fieldset legend").count() == len(KEYS) and "Video 1 of 4" in page.locator("video").get_attribute("aria-label")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page(survey, chromium, scheme):
    page = chromium.new_page(color_scheme=scheme)
    page.goto(survey.page.as_uri())
    found = []
    for button in ("#begin", "#early"):  # the first page, that of a clip, and the last
        page.evaluate(AXE_SCRIPT)
        found += page.evaluate("async () => (await axe.run()).violations.map((v) => v.id)")
        page.locator(button).click()
    found += page.evaluate("async () => (await axe.run()).violations.map((v) => v.id)")
    page.close()
    assert found == []


def test_each_rater_has_an_order_of_their_own(survey, chromium):
    orders = set()
    for _ in range(6):
        page = chromium.new_context().new_page()
        page.goto(survey.page.as_uri())
        orders.add(tuple(page.evaluate("state.order")))
        page.context.close()
    assert len(orders) > 1 and len({tuple(sorted(order)) for order in orders}) == 1


def test_tampered_partial_duplicate_and_foreign_responses_are_told_apart(survey, tmp_path):
    key = read_key(survey.key)
    good = respond(tmp_path / "good.json", key, "a", lambda v: 4 if v == "base" else 5)
    half = respond(tmp_path / "half.json", key, "b", lambda v: 3, leave_out=[sorted(key["clips"])[0]])
    earlier = respond(tmp_path / "earlier.json", key, "a", lambda v: 1, leave_out=sorted(key["clips"])[:3])
    copied = respond(tmp_path / "copied.json", key, "c", lambda v: 4 if v == "base" else 5)
    changed = tmp_path / "changed.json"
    changed.write_text(respond(changed, key, "d", lambda v: 2).read_text().replace('"motion": 2', '"motion": 5', 1))
    beyond = respond(tmp_path / "beyond.json", key, "e", lambda v: 6)
    other = respond(tmp_path / "other.json", {**key, "survey": "0" * 16}, "f", lambda v: 3)
    silent = respond(tmp_path / "silent.json", key, "g", lambda v: 3, leave_out=sorted(key["clips"]))
    noise = tmp_path / "noise.json"
    noise.write_text("{}")
    report = analyse([earlier, good, half, copied, changed, beyond, other, silent, noise], survey.key, tmp_path / "report.json")
    assert report["raters"] == {"complete": 1, "partial": 1, "duplicate": 2, "tampered": 2, "foreign": 3}
    assert report["refused"]["silent.json"] == "foreign: it answers no question"
    assert "same rater as good.json" in report["refused"]["earlier.json"]
    assert "same answers as copied.json" in report["refused"]["good.json"]
    assert json.loads((tmp_path / "report.json").read_text())["scores"]["se+em"]["motion"]["mean"] == 4.0
    text = report_tables(report)
    assert "not used: changed.json (tampered" in text and "se+em" in text


def test_what_was_rated_unseen_is_left_out_and_an_order_that_is_not_the_seed_s_is_tampered(survey, tmp_path):
    key = read_key(survey.key)
    clips = sorted(key["clips"], key=lambda name: key["clips"][name]["variant"])  # base, base, se+em, se+em
    respond_now(tmp_path / "seen.json", key, "a", lambda v: 4)
    respond_now(tmp_path / "half.json", key, "b", lambda v: 2, unplayed=clips[:2])
    respond_now(tmp_path / "none.json", key, "c", lambda v: 1, unplayed=clips)
    own = shuffled(clips, 7)
    respond_now(tmp_path / "moved.json", key, "d", lambda v: 1, seed=7, order=own[::-1])
    longer = respond_now(tmp_path / "longer.json", key, "e", lambda v: 1)
    longer.write_text(longer.read_text().replace("1500", "2500", 1))
    respond(tmp_path / "early.json", key, "f", lambda v: 5)
    report = analyse([tmp_path], survey.key)
    assert report["raters"] == {"complete": 2, "partial": 1, "duplicate": 0, "tampered": 2, "foreign": 1}
    assert report["refused"] == {
        "none.json": "foreign: it played none of the clips that it rates",
        "moved.json": "tampered: its clips are not in the order of its seed",
        "longer.json": "tampered: its digest does not fit its answers",
    }
    assert report["unplayed"] == {"left_out": 2, "not_recorded": 1}
    assert report["scores"]["base"]["motion"].mean == 4.5 and report["scores"]["se+em"]["motion"].n == 3
    said = report_tables(report)
    assert "left out: answers about 2 clips that were never played" in said and "1 response of an earlier page" in said


def test_the_aggregate_has_an_interval_over_raters(survey, tmp_path):
    key = read_key(survey.key)
    for rater, score in (("a", 3), ("b", 4), ("c", 5)):
        path = respond_now(tmp_path / f"{rater}.json", key, rater, lambda v: score)
        content = json.loads(path.read_text())
        for given in content["ratings"].values():
            given["noise"] = 1
        path.write_text(json.dumps({**content, "digest": digest(content)}))
    report = analyse([tmp_path], survey.key, tmp_path / "out" / "report.json")
    expected = mean_interval([7 / 3, 3, 11 / 3])
    assert report["aggregate"]["base"] == pytest.approx(expected)
    assert json.loads((tmp_path / "out" / "report.json").read_text())["aggregate"]["se+em"]["low"] == pytest.approx(expected.low)
    text = report_tables(report)
    assert f"3.00 [{expected.low:.2f}, {expected.high:.2f}] +0.0%" in " ".join(text.split())


def test_two_names_with_one_seed_are_one_rater(survey, tmp_path):
    key = read_key(survey.key)
    respond(tmp_path / "one.json", key, "a", lambda v: 3)
    respond(tmp_path / "two.json", key, "b", lambda v: 5, same_seed_as="a")  # the digest fits
    report = analyse([tmp_path], survey.key)
    assert report["raters"]["complete"] == 1 and report["refused"] == {"two.json": "duplicate: the same seed as one.json"}


def test_a_full_disk_is_one_line_and_leaves_neither_page_nor_key(survey, tmp_path):
    def limit() -> None:  # bytes of a file: a disk that takes no more, without needing a disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    command = [sys.executable, "-m", "emotalk_lite", "mos", "survey", survey.page.parent / "clips", "--out", tmp_path / "page.html"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, preexec_fn=limit)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.count("\n") == 1 and "make room" in done.stderr
    assert not list(tmp_path.iterdir())


def test_files_of_one_name_and_those_an_editor_saved_are_known(survey, tmp_path):
    key = read_key(survey.key)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "answers.json").write_text("{}")
    good = respond(tmp_path / "good.json", key, "a", lambda v: 4, leave_out=[c for c in key["clips"] if key["clips"][c]["variant"] == "base"])
    good.write_text(good.read_text(), encoding="utf-8-sig")  # with a byte order mark
    report = analyse([good, tmp_path / "a", tmp_path / "b"], survey.key)
    assert report["raters"]["partial"] == 1 and len(report["refused"]) == report["raters"]["foreign"] == 2
    assert "nan" not in report_tables(report)  # nobody saw the variant base


def test_two_raters_may_agree_in_everything(survey, tmp_path):
    key = read_key(survey.key)
    one = respond(tmp_path / "one.json", key, "a", lambda v: 3)
    respond(tmp_path / "two.json", key, "b", lambda v: 3, backwards=True)  # the same answers, in an order of their own
    assert analyse([tmp_path], survey.key)["raters"]["complete"] == 2  # a folder is all of its files
    alone = analyse([one], survey.key)
    assert alone["raters"]["complete"] == 1 and "3.00 (one rater)" in report_tables(alone) and "nan" not in report_tables(alone)


def test_bars_lean_to_the_side_of_the_answers(survey, tmp_path):
    key = read_key(survey.key)
    respond(tmp_path / "one.json", key, "a", lambda v: 1 if v == "base" else 5)
    lines = report_bars(analyse([tmp_path], survey.key)).splitlines()
    base, other = (next(line for line in lines if line.startswith(name)) for name in ("base", "se+em"))
    assert base.endswith(25 * "#" + "|") and other.endswith("|" + 25 * "#")


def test_clips_one_folder_too_deep_are_not_passed_over(survey, tmp_path):
    folder = shutil.copytree(survey.page.parent / "clips", tmp_path / "clips")
    shutil.copytree(folder / "base", folder / "em" / "takes")
    done = emotalk("mos", "survey", folder, "--out", tmp_path / "survey.html")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not (tmp_path / "survey.html").exists()
    assert "em/takes/anger.mp4: lies too deep; put it into its variant's folder itself, as in" in done.stderr and "em/anger.mp4" in done.stderr


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("base/one.mp4", b"no film", "one.mp4: cannot be read as a video"),
        ("base/one.mp4", None, "one.mp4: (is cut off|is damaged)"),  # its beginning is whole
        ("base/one.flv", b"no film", "one.flv: browsers do not play such a video"),
        ("one.mp4", b"no film", "one.mp4: lies in no folder of a variant"),
    ],
)
def test_a_clip_that_raters_could_not_see_is_refused(survey, tmp_path, name, content, said):
    good = next((survey.page.parent / "clips" / "base").iterdir())
    if content is None:
        content = good.read_bytes()[: good.stat().st_size * 2 // 3]
    for path, data in (("em-seed0/good.mp4", good.read_bytes()), (name, content)):
        (tmp_path / "clips" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clips" / path).write_bytes(data)
    with pytest.raises(EmotalkError, match=said):
        make_survey(tmp_path / "clips", tmp_path / "survey.html")
    assert not (tmp_path / "survey.html").exists()
    (tmp_path / "clips" / name).unlink()
    made = make_survey(tmp_path / "clips", tmp_path / "survey.html")
    assert [clip["variant"] for clip in read_key(made.key)["clips"].values()] == ["em"]


def test_nothing_to_use_is_said(survey, tmp_path):
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(EmotalkError, match="none of the responses can be used"):
        analyse([tmp_path / "x.json"], survey.key)


def test_agreement_is_one_for_equal_and_about_zero_for_random_raters():
    rng = np.random.default_rng(0)
    assert agreement(np.tile(rng.integers(1, 6, 30), (4, 1)).astype(float)) == 1
    assert abs(agreement(rng.integers(1, 6, (20, 200)).astype(float))) < 0.02
    assert agreement(np.array([[1, 5, 1, 5.0], [5, 1, 5, 1.0]])) < 0


def test_agreement_of_a_published_example():
    """Three coders, fifteen units, Krippendorff's ordinal alpha 0.807 (the example of his method's encyclopaedia entry)."""
    n = np.nan
    coders = [[n, n, n, n, n, 3, 4, 1, 2, 1, 1, 3, 3, n, 3], [1, n, 2, 1, 3, 3, 4, 3, n, n, n, n, n, n, n],
              [n, n, 2, 1, 3, 4, 4, n, 2, 1, 1, 3, 3, n, 4]]  # fmt: skip
    assert agreement(np.array(coders)) == pytest.approx(0.807, abs=0.001)


def test_an_interval_holds_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [m.low <= 3 <= m.high for m in (mean_interval(rng.integers(1, 6, 30)) for _ in range(2000))]
    assert 0.93 < np.mean(held) < 0.97


def test_the_papers_table_6_has_rows_of_39_and_rows_of_29_raters():
    assert counts(LIKERT["se+bsrgan"].realistic, 39) == (2, 2, 14, 9, 12)
    assert 39 in possible_raters(LIKERT["base"].realistic) and 29 not in possible_raters(LIKERT["base"].realistic)
    assert 29 in possible_raters(LIKERT["em+bsrgan"].realistic) and 39 not in possible_raters(LIKERT["em+bsrgan"].realistic)
