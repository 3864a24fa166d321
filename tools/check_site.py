"""Look over a built site for what Sphinx does not warn about.

    python tools/check_site.py [_build/html]

Dead pictures and videos, missing alt text and captions, tracebacks, broken links between pages, anything that a page would load from
another machine, and pages that weigh too much. Exit 1 if there is anything to report.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

MAX_PAGE_BYTES = 1_500_000  # the page and the pictures that only it shows; scripts and fonts are shared and cached
LOADS = {"script": "src", "img": "src", "video": "src", "audio": "src", "source": "src", "track": "src", "iframe": "src",
         "embed": "src", "object": "data"}
EXTERNAL = re.compile(r"^(?:https?:)?//")
CSS_URL = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])((?:https?:)?//[^'")]+)""")
WIDGET = "application/vnd.jupyter.widget-{}+json"  # of a "view", where it is shown; of the "state", the page's models
FILE_NAME = re.compile(r"^\S*\.(?:png|jpe?g|gif|svg|webp)$|[/\\]")


def check(site: Path) -> list[str]:
    """Every problem of the site in folder ``site``, one line each; an empty list is a good site."""
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
             for path in sorted(site.rglob("*.html")) if "_static" not in path.relative_to(site).parts}
    if not pages:
        return [f"{site} holds no pages"]
    anchors = {path.resolve(): {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    problems = []
    for path, page in pages.items():
        found = [*media(path, page), *alt_texts(page), *captions(page), *tracebacks(page), *links(path, page, anchors), *weight(path, page)]
        problems += [f"{path.relative_to(site)}: {problem}" for problem in found]
    for sheet in sorted(site.rglob("*.css")):
        problems += [f"{sheet.relative_to(site)}: loads {url} from another machine"
                     for url in CSS_URL.findall(sheet.read_text(encoding="utf-8", errors="replace"))]
    return problems


def media(path: Path, page: BeautifulSoup) -> list[str]:
    """Things a page loads: from another machine, not there, or embedded but empty."""
    problems = []
    stylesheets = [(tag, tag.get("href")) for tag in page.find_all("link") if "canonical" not in tag.get("rel", ())]
    loaded = [(tag, tag.get(LOADS[tag.name])) for tag in page.find_all(list(LOADS))]
    for tag, address in loaded + [(t, a) for t, a in stylesheets if not {"next", "prev"} & set(t.get("rel", ()))]:
        if address is None:
            if tag.name in ("video", "audio") and not tag.find("source"):
                problems.append(f"<{tag.name}> has no source")
        elif EXTERNAL.match(address):
            problems.append(f"<{tag.name}> loads {address} from another machine")
        elif address.startswith("data:"):
            if len(address) < 100:
                problems.append(f"<{tag.name}> embeds nothing: {address}")
        elif not (path.parent / unquote(urlsplit(address).path)).exists():
            problems.append(f"<{tag.name}> shows {address}, which does not exist")
    return problems


def alt_texts(page: BeautifulSoup) -> list[str]:
    """Pictures that say nothing to someone who cannot see them: no alt text, or a file name in its place."""
    problems = []
    for tag in page.find_all("img"):
        alt = tag.get("alt")
        if alt is None or FILE_NAME.search(alt) or (not alt.strip() and tag.get("role") != "presentation"):
            problems.append(f"the picture {name_of(tag)} has {'no alt text' if not alt else 'a path as alt text: ' + alt}")
    for tag in page.find_all("svg", role="img"):
        if not (tag.get("aria-label") or tag.get("aria-labelledby") or tag.find("title")):
            problems.append("an inline drawing has neither aria-label nor title")
    return problems


def captions(page: BeautifulSoup) -> list[str]:
    """Figures of an article without a caption.

    A picture or a video has one of its own, or, below what its cell shows, a paragraph that begins in italics; a widget has such a
    paragraph that is in italics as a whole. A progress bar needs none, nor does a badge that links elsewhere.
    """
    problems = []
    for tag in page.select(".bd-article :is(img:not([role=presentation]):not(a[href^='https:'] > img), video, audio, iframe, svg[role=img])"):
        figure = tag.find_parent("figure")
        own = figure.find("figcaption") if figure else None
        paragraph, italics = below(tag)
        if not (own and own.get_text(strip=True) or italics and paragraph.startswith(italics)):
            problems.append(f"the {tag.name} {name_of(tag)} has no caption")
    stored = page.find("script", type=WIDGET.format("state"))
    models = json.loads(stored.string)["state"] if stored else {}
    bars = {f"IPY_MODEL_{name}" for name, model in models.items() if model["model_name"] == "FloatProgressModel"}
    for view in page.select(f".bd-article .cell script[type='{WIDGET.format('view')}']"):
        parts = models.get(json.loads(view.string)["model_id"], {}).get("state", {}).get("children", [])
        paragraph, italics = below(view)
        if bars.isdisjoint(parts) and not (italics and paragraph == italics):
            code = " ".join(view.find_parent(class_="cell").get_text().split())
            problems.append(f"the widget of the cell {code[:60]!r} has no caption that is all in italics")
    return problems


def below(tag: Tag) -> tuple[str, str]:
    """The paragraph directly below a tag's cell, and the first part of it that is in italics; empty where there is none."""
    cell = tag.find_parent(class_="cell")
    paragraph = cell.find_next_sibling() if cell else None
    if paragraph is None or paragraph.name != "p":
        return "", ""
    italics = paragraph.find("em")
    return paragraph.get_text(strip=True), italics.get_text(strip=True) if italics else ""


def name_of(picture: Tag) -> str:
    """A short name for a picture in a message."""
    return (picture.get("aria-label") or picture.get("title") or picture.get("src", "without src"))[:60]


def tracebacks(page: BeautifulSoup) -> list[str]:
    """Errors that a cell left on the page; a cell tagged raises-exception shows its error on purpose."""
    problems = []
    for block in page.find_all(class_="traceback"):
        cell = block.find_parent(class_="cell")
        if cell is None or "tag_raises-exception" not in cell.get("class", ()):
            problems.append("a cell ended in an error: " + block.get_text().strip().splitlines()[-1][:100])
    return problems


def links(path: Path, page: BeautifulSoup, anchors: dict[Path, set[str]]) -> list[str]:
    """Links between pages that lead nowhere."""
    problems = []
    for tag in page.find_all("a", href=True):
        parts = urlsplit(tag["href"])
        if parts.scheme or parts.netloc or tag["href"] in ("", "#"):
            continue
        target = (path.parent / unquote(parts.path)) if parts.path else path
        target = target.resolve()
        if not target.exists():
            problems.append(f"the link to {tag['href']} leads nowhere")
        elif parts.fragment and target in anchors and unquote(parts.fragment) not in anchors[target]:
            problems.append(f"the link to {tag['href']} names a place that the page does not have")
    return problems


def weight(path: Path, page: BeautifulSoup) -> list[str]:
    """A page above the budget: it and the pictures beside it."""
    pictures = {path.parent / unquote(tag["src"]) for tag in page.find_all("img", src=True) if "_images" in tag["src"]}
    total = path.stat().st_size + sum(p.stat().st_size for p in pictures if p.exists())
    return [f"weighs {total / 1e6:.2f} MB; the budget is {MAX_PAGE_BYTES / 1e6} MB"] if total > MAX_PAGE_BYTES else []


def main() -> None:
    """Command line."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html")
    problems = check(site)
    for problem in problems:
        print(f"check_site: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
