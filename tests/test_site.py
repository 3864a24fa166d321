"""The built site in a real browser, from disk: it plays, it moves, and it asks nobody for anything."""

import re
from pathlib import Path

import build_site
import chapters
import check_site
import fork
import pytest
from axe_playwright_python.base import AXE_SCRIPT

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
NOTEBOOKS = [f"notebooks/{chapter.stem}.html" for chapter in chapters.chapters()]
PLAY = """async (player) => {
    const start = player.currentTime, {width, height} = player.getBoundingClientRect();
    await player.play();
    for (let i = 0; i < 100 && !(player.currentTime > start + 0.2 && player.webkitAudioDecodedByteCount); i++)
        await new Promise((done) => setTimeout(done, 50));
    player.pause();
    return [player.currentTime - start, player.webkitAudioDecodedByteCount, player.videoWidth ?? width, width, height];
}"""
REFERENCE = ("intro", "setup", "claims", "status", "options", "ethics", "syllabus", "contributing", "glossary", "references")
PAGES = [*(f"book/{name}.html" for name in REFERENCE), *NOTEBOOKS, "search.html", "genindex.html"]
DARK_ON_A_PHONE = PAGES[::2]  # the others are looked at in the dark on a desktop: both on all would take a minute more
SHOW_FILMS = [page for page, path in zip(NOTEBOOKS, chapters.chapters())
              if any("viz.show_video(" in code for code in chapters.code_of(chapters.to_notebook(path)))]


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site, built from the committed notebooks."""
    return build_site.build(build_site.input_files(chapters.ROOT / "notebooks"), tmp_path_factory.mktemp("book"))


DRAWN = """[...document.querySelectorAll("script[type='application/vnd.jupyter.widget-view+json']")]
    .every((view) => view.previousElementSibling?.querySelector(".jupyter-widgets"))"""  # widgets are, after the page is loaded
PATIENCE = 180_000  # milliseconds for a page to load: a chapter has a megabyte of pictures, and other tests want the processor too


class Watched:
    """A page with a record of what it asked for and what it complained about."""

    def __init__(self, chromium, site: Path, name: str, size: str = "desktop"):
        width, height = SIZES[size]
        self.page = chromium.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE)
        self.name, self.requests, self.errors = name, [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.goto((site / name).as_uri())
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_function(DRAWN)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.page.close()

    def outside(self) -> list[str]:
        """What it asked of anything but the disk."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture(scope="module", params=PAGES)
def watched(request, chromium, site):
    """Each page in turn, loaded once for all that is asked of it; axe comes last, as it asks for style sheets itself."""
    with Watched(chromium, site, request.param) as page:
        open_solutions(page.page)
        yield page


def open_solutions(page) -> None:
    titles = page.locator(".solution.toggle > .admonition-title").all()
    for title in titles:
        title.click()
    page.mouse.move(0, 0)  # else it lies on a link, whose colour changes
    if titles:
        page.wait_for_timeout(500)  # what opens, and colours, fade over


def test_nothing_on_the_site_is_dead_or_nameless(site):
    assert check_site.check(site) == []


def test_every_chapter_is_in_the_table_of_contents(site):
    assert [name for name in PAGES if not (site / name).exists()] == []


def test_every_chapter_opens_on_colab_from_the_top_of_its_page(site):
    here = f"https://colab.research.google.com/github/{fork.address()}/blob/main/"
    for name in NOTEBOOKS:
        opened = re.findall(rf'href="{here}([^"]+)"', (site / name).read_text())
        assert opened == [f"colab/{Path(name).with_suffix('.ipynb')}"] * 2 and (chapters.ROOT / opened[0]).exists()  # the menu's and the badge's


def test_what_the_download_button_gives_is_in_plain_markdown(site):
    for name in NOTEBOOKS:
        address = re.search(r'href="([^"]+)"[^>]*download', (site / name).read_text())[1]
        plain = chapters.ROOT / "colab" / Path(name).with_suffix(".ipynb")
        assert (site / name).parent.joinpath(address).read_bytes() == plain.read_bytes()


def test_what_opens_on_colab_links_to_pages_and_words_that_exist(site):
    linked = set()
    for path in (chapters.ROOT / "colab/notebooks").glob("*.ipynb"):
        linked |= set(re.findall(rf"{fork.pages(fork.address())}/([\w/]+\.html)(?:#([\w-]+))?", path.read_text()))
    pages = {name: (site / name).read_text() for name, _ in linked}
    assert [f"{name}#{anchor}" for name, anchor in linked if anchor and f'id="{anchor}"' not in pages[name]] == []
    assert "book/glossary.html" in pages and set(NOTEBOOKS) <= set(pages)


def test_figures_equations_and_exercises_are_counted_by_chapter(site):
    for name in NOTEBOOKS:
        page, chapter = (site / name).read_text(), int(Path(name).stem[:2])
        counted = [re.findall(rf"{before}([\d.]+)", page) for before in (r'class="eqno">\(', r'caption-number">Fig\. ', r'caption-number">Exercise ')]
        assert counted == [[f"{chapter}.{place}" for place in range(1, len(numbers) + 1)] for numbers in counted], name
        assert len(counted[2]) == 3 and any(counted[:2])
        assert re.search(rf'<a class="[^"]*"[^>]*>\s*{Path(name).stem[:2]} ', (site / "book/intro.html").read_text()), name  # in the sidebar


def test_a_number_and_its_unit_stay_on_one_line(site):
    assert "19.07\N{NO-BREAK SPACE}%" in (site / "book/claims.html").read_text()
    for name in PAGES:
        article = (site / name).read_text().partition("<article")[2].partition("</article>")[0]
        words = re.sub(r"<(script|pre|code|svg)\b.*?</\1>|<[^>]*>", "", article, flags=re.DOTALL)
        assert not re.search(r"\d\s(?:%|dB\b|kHz\b|GB\b)", words.replace("\N{NO-BREAK SPACE}", "~")), name


def test_the_status_page_has_a_row_for_every_chapter(site):
    page = (site / "book/status.html").read_text()
    assert [name for name in NOTEBOOKS if f'href="../{name}"' not in page.partition("<table")[2].partition("</table>")[0]] == []


# First lines of the cells that scroll sideways; an address cannot be broken.
LONG_CODE = """[...document.querySelectorAll(".cell_input pre, .solution .output.text_plain pre")].filter((pre) => pre.scrollWidth > pre.clientWidth)
    .map((pre) => pre.textContent).filter((code) => !code.includes("https://")).map((code) => code.split("\\n")[0])"""


# Code has thousands of coloured words, which take longer than all the rest of a page: their colours are looked at on one page.
AXE = """async (only) => {
    const options = {resultTypes: ["violations"], ...(only.length ? {runOnly: only} : {})};
    const {violations} = await axe.run({exclude: [["div.highlight pre"]]}, options);
    return violations.filter((v) => ["serious", "critical"].includes(v.impact))
                     .map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 100)).slice(0, 3).join(" ")}`);
}"""
# axe leaves drawings out: their words, by the colour that they end up with, on the page's ground.
FAINT_WORDS = """() => {
    const rgb = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
    const faint = [];
    for (const text of document.querySelectorAll("article svg text")) {
        if (!text.checkVisibility()) continue;
        let [share, ground] = [1, null];
        for (let at = text; at; at = at.parentElement) {
            share *= +getComputedStyle(at).opacity;
            const back = rgb(getComputedStyle(at).backgroundColor);
            if (!ground && back.length === 3) ground = back;
        }
        ground ??= [255, 255, 255];
        const ink = rgb(getComputedStyle(text).fill).slice(0, 3).map((v, k) => share * v + (1 - share) * ground[k]);
        const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < 4.5) faint.push(`${text.textContent}: ${ratio.toFixed(2)}`);
    }
    return faint;
}"""
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def quiet_and_not_too_wide(watched: Watched) -> bool:
    """No request left, nothing complained, nothing scrolls sideways."""
    wide, seen = watched.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return (wide <= seen, watched.errors, watched.outside()) == (True, [], [])


NOT_DRAWN = """[...document.querySelectorAll("svg[data-icon]:has(.missing), svg[data-icon]:not(:has(path))")]
    .map((icon) => icon.dataset.icon)"""  # icons that the theme's script was asked for and does not have


def test_pages_stay_on_this_machine_and_fit(watched):
    assert quiet_and_not_too_wide(watched) and watched.page.evaluate(LONG_CODE) == []
    assert watched.page.evaluate(NOT_DRAWN) == [] and watched.page.locator("svg[data-icon='magnifying-glass']").count()


def test_the_site_carries_the_icons_that_it_shows_and_no_others(site, monkeypatch):
    monkeypatch.syspath_prepend(chapters.ROOT / "book" / "extensions")
    import icons

    script = (site / icons.ICONS).read_text()
    assert len(script) < 100_000 and icons.keep(script, icons.names_shown(site)) == script


def wait_for_night(page) -> None:
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.wait_for_timeout(300)  # colours fade over


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_pages_stay_on_this_machine_fit_and_can_be_used_without_sight_and_without_a_mouse(chromium, site, name):
    with Watched(chromium, site, name, "phone") as watched:
        open_solutions(watched.page)
        assert quiet_and_not_too_wide(watched)
        if name in DARK_ON_A_PHONE:
            wait_for_night(watched.page)
        watched.page.evaluate(AXE_SCRIPT)
        assert watched.page.evaluate(AXE, []) == watched.page.evaluate(FAINT_WORDS) == []


def test_the_colours_of_code_can_be_read_by_day_and_by_night(chromium, site):
    with Watched(chromium, site, "notebooks/05_speech_encoder.html") as watched:
        watched.page.evaluate(AXE_SCRIPT)
        for scheme in ("light", "dark"):
            watched.page.emulate_media(color_scheme=scheme)
            watched.page.wait_for_function("(scheme) => document.documentElement.dataset.theme === scheme", arg=scheme)
            watched.page.wait_for_timeout(300)  # colours fade over
            whole = AXE.replace('{exclude: [["div.highlight pre"]]}', "document")
            assert whole != AXE and watched.page.evaluate(whole, OF_COLOURS) == [], scheme


def test_a_word_typed_into_the_search_finds_its_chapter(chromium, site):
    with Watched(chromium, site, "book/intro.html") as watched:
        watched.page.locator(".search-button__button:visible").first.click()
        field = watched.page.locator("input[type=search]:visible").first
        field.fill("squeeze")
        field.press("Enter")
        hit = watched.page.locator("#search-results a[href*='06_image_encoder']").first
        hit.wait_for()
        hit.click()
        watched.page.wait_for_url("**/06_image_encoder.html*")
        assert watched.outside() == [] and "squeeze" in watched.page.locator("article").inner_text().lower()


def test_the_survey_in_chapter_15_can_be_answered(chromium, site):
    with Watched(chromium, site, "notebooks/15_mos.html", "phone") as watched:
        survey = watched.page.frame_locator("iframe[title^='The survey']")
        survey.locator("#begin").click()
        assert survey.locator("#where").inner_text() == "Video 1 of 8"
        survey.locator("video").evaluate("(v) => v.play()")
        for question in survey.locator("fieldset").all():
            question.locator("label").nth(2).click()
        survey.locator("#next").click()
        assert survey.locator("#where").inner_text() == "Video 2 of 8"
        assert survey.locator("video").evaluate("(v) => v.play().then(() => v.videoWidth)") > 0 and watched.errors == []


def test_in_the_dark_a_white_chart_is_dimmed_and_a_face_is_not(chromium, site):
    with Watched(chromium, site, "notebooks/14_fid.html") as watched:  # one of its charts is a JPEG, as faces are
        watched.page.emulate_media(color_scheme="dark")
        watched.page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        look = "(images) => images.map((i) => [getComputedStyle(i).filter, /curve|ellipse|lines/i.test(i.alt)])"
        seen = watched.page.eval_on_selector_all(".cell_output figure img", look)
    assert {("brightness(0.82)", True), ("none", False)} == {tuple(pair) for pair in seen} and len(seen) == 6


def test_what_scrolls_sideways_fades_where_it_goes_on(chromium, site):
    with Watched(chromium, site, "notebooks/05_speech_encoder.html", "phone") as watched:
        watched.page.wait_for_function("document.querySelectorAll('.bd-article .goes-on').length > 3")
        box = watched.page.locator(".bd-article .cell_output.goes-on").first
        masked = "(box) => [getComputedStyle(box).maskImage !== 'none', box.classList.contains('goes-on')]"
        assert box.evaluate(masked) == [True, True]
        handle = box.element_handle()
        handle.evaluate("(box) => { box.scrollLeft = box.scrollWidth }")
        watched.page.wait_for_function("(box) => !box.classList.contains('goes-on')", arg=handle)
        assert handle.evaluate(masked) == [False, False]


def test_on_a_phone_a_wide_chart_keeps_its_words_and_faces_fit(chromium, site):
    with Watched(chromium, site, "notebooks/00_quickstart.html", "phone") as watched:
        wide = "(images) => images.map((i) => [i.getBoundingClientRect().width > innerWidth, /curves/.test(i.alt)])"
        assert sorted(watched.page.eval_on_selector_all(".cell_output figure img", wide)) == 4 * [[False, False]] + [[True, True]]


def test_on_a_phone_the_evidence_for_each_claim_is_in_sight(chromium, site):
    with Watched(chromium, site, "book/claims.html", "phone") as watched:
        wide = "(tables) => tables.filter((t) => t.getBoundingClientRect().right > innerWidth).length"
        assert watched.page.eval_on_selector_all("table", wide) == 0


def test_one_sound_at_a_time_and_a_page_printed_from_the_dark_is_light(chromium, site):
    with Watched(chromium, site, "notebooks/01_data.html") as watched:
        heard = """async (players) => {
            const counts = [];
            for (const player of players) {
                await player.play();
                await new Promise((done) => setTimeout(done, 100));
                counts.push(players.filter((p) => !p.paused).length);
            }
            return counts;
        }"""
        assert watched.page.eval_on_selector_all("video, audio", heard) == [1, 1, 1, 1]
        watched.page.emulate_media(color_scheme="dark")
        watched.page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        themes = []
        for moment in ("beforeprint", "afterprint"):
            watched.page.evaluate("(moment) => dispatchEvent(new Event(moment))", moment)
            themes.append(watched.page.evaluate("document.documentElement.dataset.theme"))
        assert themes == ["light", "dark"] and watched.errors == []


def test_without_scripts_a_chapter_says_what_is_missing_and_its_solutions_are_open(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "notebooks/06_image_encoder.html").as_uri())
    assert page.locator("article noscript p").is_visible()
    assert [solution.locator("p").last.is_visible() for solution in page.locator(".solution").all()] == [True, True, True]
    page.goto((site / "book/intro.html").as_uri())
    black = "rgb(0, 0, 0)"
    assert page.locator(".diagram .box").first.evaluate("(box) => getComputedStyle(box).fill") != black
    context.close()


def test_videos_play_with_sound_and_recordings_play(watched):
    players = watched.page.locator("video, audio").all()
    for index, player in enumerate(players):
        player.scroll_into_view_if_needed()
        played = player.evaluate(PLAY)
        assert min(played) > 0, f"player {index}: seconds, bytes of sound, pixels of picture and player: {played}"
    assert watched.page.locator("video").count() > 0 or watched.name not in SHOW_FILMS


VIEW = "application/vnd.jupyter.widget-view+json"


def sliders(chapter: Path) -> int:
    """How many cells of a committed notebook show a widget whose pictures have a name: they move without a kernel."""
    cells = chapters.read(chapters.notebook_path(chapter)).cells
    named = [cell for cell in cells if cell.metadata.get("mystnb", {}).get("image", {}).get("alt")]
    return sum(any(VIEW in output.get("data", {}) for output in cell.get("outputs", [])) for cell in named)


SLIDERS = {page: sliders(path) for page, path in zip(NOTEBOOKS, chapters.chapters())}


def test_sliders_change_the_picture_by_key_and_by_drag(watched):
    areas = watched.page.locator(".widget-subarea:has(.noUi-handle):has(.widget-image)").all()
    assert len(areas) == SLIDERS.get(watched.name, 0), "a slider is missing, or one too many"
    for index, area in enumerate(areas):
        handle = area.locator(".noUi-handle").first
        handle.scroll_into_view_if_needed()
        before = pictures(area)
        handle.focus()
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        handle.press("ArrowLeft" if at_end else "ArrowRight")
        by_key = pictures(area)
        assert by_key != before, f"slider {index}: the arrow key changes nothing"
        readout = area.locator(".widget-readout").first.inner_text().strip()
        assert handle.get_attribute("aria-valuetext") == readout, f"slider {index}: a screen reader hears something else"
        alts = {image.get_attribute("alt") for image in area.locator(".widget-image").all() if image.is_visible()}
        assert all(alt.endswith(f" {readout})") for alt in alts), f"slider {index}: its picture's name is not up to date"
        assert not any(alt.startswith("The picture that") for alt in alts), f"slider {index}: its cell's header has no alt text"
        assert area.locator(".widget-play svg").count() == 0, f"slider {index}: the player has two icons"
        box, track = handle.bounding_box(), area.locator(".noUi-target").first.bounding_box()
        watched.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        watched.page.mouse.down()
        target = track["x"] + (1 if at_end else track["width"] - 1)
        watched.page.mouse.move(target, box["y"] + box["height"] / 2, steps=8)
        watched.page.mouse.up()
        assert pictures(area) not in (before, by_key), f"slider {index}: dragging changes nothing"
    assert watched.errors == []


RING = "(reached) => getComputedStyle(reached).outlineStyle"


def test_a_list_beside_a_slider_chooses_another_row_of_pictures(watched):
    """The gate explorer of chapter 06, the blender of 07, the mask explorer of 10 and the distance slider of 14, by keyboard alone."""
    areas = watched.page.locator(".widget-subarea:has(.widget-dropdown):has(.noUi-handle):has(.widget-image)").all()
    assert bool(areas) == (watched.name in {f"notebooks/{name}.html" for name in ("06_image_encoder", "07_emotion_noise", "10_losses", "14_fid")})
    for area in areas:
        handle, choice = area.locator(".noUi-handle").first, area.locator("select")
        handle.scroll_into_view_if_needed()
        handle.focus()
        handle.press("Home")
        handle.press("ArrowRight")
        rings, seen = [handle.evaluate(RING)], [pictures(area)]
        for option in choice.locator("option").all_inner_texts()[1:]:
            choice.press("ArrowDown")
            seen.append(pictures(area))
            assert f" {option}, " in next(i for i in area.locator(".widget-image").all() if i.is_visible()).get_attribute("alt")
        assert len({str(shown) for shown in seen}) == len(seen) >= 2 and watched.errors == []
        assert [*rings, choice.evaluate(RING)] == ["solid", "solid"], "one cannot see where the keyboard is"


def test_pages_can_be_used_without_sight_and_without_a_mouse_by_day_and_by_night(watched):
    """axe-core finds nothing serious; nor do dark colours, here or on a phone. From here on, it has asked for style sheets, which a browser refuses to a page from disk."""
    watched.page.mouse.move(0, 0)
    watched.page.evaluate(AXE_SCRIPT)
    assert watched.page.evaluate(AXE, []) == watched.page.evaluate(FAINT_WORDS) == []
    if watched.name not in DARK_ON_A_PHONE:
        wait_for_night(watched.page)
        assert watched.page.evaluate(AXE, OF_COLOURS) == watched.page.evaluate(FAINT_WORDS) == []


HASHES = """async (area) => Promise.all([...area.querySelectorAll(".widget-image")].filter((image) => image.checkVisibility())
    .map(async (image) => {
        const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
        return [image.naturalWidth, bytes.reduce((hash, byte) => (31 * hash + byte) | 0, 7)];
    }))"""


def pictures(area) -> list[list[int]]:
    """The width and a hash of each picture that a widget shows right now."""
    area.page.wait_for_timeout(150)
    shown = area.evaluate(HASHES)
    assert shown and all(width > 0 for width, _ in shown)
    return shown
