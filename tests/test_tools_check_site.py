"""Each fault that the site check knows, on a page that has it; and a page without any."""

import json

import check_site
import pytest

PIXEL = "data:image/png;base64," + "A" * 200
GOOD = f"""<html><head><link rel="stylesheet" href="_static/a.css"><link rel="canonical" href="https://example.org/"></head>
<body><h1 id="top">T</h1><img src="{PIXEL}" alt="A face"><img src="{PIXEL}" alt="" role="presentation">
<svg role="img" aria-label="The generator"></svg>
<video controls src="{PIXEL}"></video><a href="#top">up</a><a href="https://example.org">out</a>
<div class="cell tag_raises-exception"><div class="traceback">ValueError: on purpose</div></div></body></html>"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/a.css").write_text("p { color: red }")
    (tmp_path / "page.html").write_text(GOOD)
    return tmp_path


def test_a_good_page_has_no_problems(site):
    assert check_site.check(site) == []


@pytest.mark.parametrize("html, complaint", [
    ('<video src="gone.mp4"></video>', "does not exist"),
    ("<video controls></video>", "no source"),
    ('<video src="data:video/mp4;base64,"></video>', "embeds nothing"),
    ('<script src="https://cdn.example.org/x.js"></script>', "from another machine"),
    ('<link rel="stylesheet" href="//cdn.example.org/x.css">', "from another machine"),
    (f'<img src="{PIXEL}">', "no alt text"),
    (f'<img src="{PIXEL}" alt="">', "no alt text"),
    (f'<img src="{PIXEL}" alt="../_images/0a1b.png">', "a path as alt text"),
    ('<svg role="img"></svg>', "neither aria-label nor title"),
    ('<div class="cell"><div class="traceback">Traceback\nKeyError: 3</div></div>', "KeyError: 3"),
    ('<a href="gone.html">x</a>', "leads nowhere"),
    ('<a href="page.html#gone">x</a>', "names a place"),
    ("<p>" + "x" * check_site.MAX_PAGE_BYTES + "</p>", "the budget is"),
])
def test_each_fault_is_found(site, html, complaint):
    (site / "page.html").write_text(GOOD.replace("</body>", html + "</body>"))
    problems = check_site.check(site)
    assert len(problems) == 1 and complaint in problems[0] and problems[0].startswith("page.html: ")


FACE = f'<img src="{PIXEL}" alt="A face">'


@pytest.mark.parametrize("html, complaints", [
    (f"<figure>{FACE}<figcaption>Look at the eyes.</figcaption></figure>", 0),
    (f'<div class="cell">{FACE}</div><p><em>Look at the eyes.</em> More.</p>', 0),
    (f"<figure>{FACE}<figcaption> </figcaption></figure>", 1),
    (f'<div class="cell">{FACE}</div><p>And <em>now</em> for the eyes.</p>', 1),
    (f'<div class="cell"><svg role="img" aria-label="A map"></svg><video src="{PIXEL}"></video></div><h2>Next</h2>', 2),
])
def test_a_figure_without_a_caption_is_found(site, html, complaints):
    (site / "page.html").write_text(GOOD.replace("</body>", f'<article class="bd-article">{html}</article></body>'))
    problems = check_site.check(site)
    assert len(problems) == complaints and all("has no caption" in problem for problem in problems)


MODELS = {
    "a": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_b"]}},
    "b": {"model_name": "IntSliderModel", "state": {}},
    "bar": {"model_name": "HBoxModel", "state": {"children": ["IPY_MODEL_c"]}},
    "c": {"model_name": "FloatProgressModel", "state": {}},
}


@pytest.mark.parametrize("model, below, complaints", [
    ("a", "<p><em>Drag the <em>slider</em>.</em></p>", 0),
    ("a", "<p><em>Drag the slider.</em> More.</p>", 1),
    ("a", "<h2>Next</h2>", 1),
    ("unknown", "", 1),
    ("bar", "", 0),
])
def test_a_widget_without_a_caption_is_found(site, model, below, complaints):
    state, view = (f'<script type="{check_site.WIDGET.format(kind)}">{json.dumps(content)}</script>'
                   for kind, content in (("state", {"state": MODELS}), ("view", {"model_id": model})))
    cell = f'<div class="cell"><pre>viz.frame_slider(x)</pre>{view}</div>'
    (site / "page.html").write_text(GOOD.replace("</body>", f'{state}<article class="bd-article">{cell}{below}</article></body>'))
    problems = check_site.check(site)
    assert len(problems) == complaints and all("'viz.frame_slider(x)' has no caption" in problem for problem in problems)


def test_a_stylesheet_that_asks_another_machine_is_found(site):
    (site / "_static/a.css").write_text("@import 'https://fonts.example.org/a.css';")
    assert "from another machine" in check_site.check(site)[0]


def test_an_empty_folder_is_not_a_site(tmp_path):
    assert check_site.check(tmp_path) == [f"{tmp_path} holds no pages"]
