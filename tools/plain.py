"""MyST Markdown into the plain Markdown that Colab and JupyterLab show: no directives, no roles.

What has no plain counterpart, and is not known here, is an error rather than noise on a student's page.
"""

from __future__ import annotations

import base64
import re
from functools import cached_property
from pathlib import Path

import yaml
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin

import chapters

OPEN = re.compile(r"^(?P<fence>`{3,}|:{3,})(?:\{(?P<name>[\w:-]+)\}[ \t]*(?P<argument>.*))?")
ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
TARGET = re.compile(r"^\(([\w-]+)\)=[ \t]*\n", re.MULTILINE)
NUMBERED = re.compile(r"\$\$([^$]+?)(\s*)\$\$ \((eq-[\w-]+)\)")
ADMONITIONS = ("note", "tip", "warning", "important", "caution", "hint", "seealso", "attention")
LIGHT = {"--pst-color-surface": "#f3f4f5", "--pst-color-text-base": "#222832", "--pst-color-text-muted": "#48566b",
         "--pst-font-family-base": "sans-serif"}


class Plain:
    """Turns the text of one chapter into plain Markdown and remembers what it cites.

    Args:
        root: the book's root; titles, labels and the bibliography are read there.
    """

    def __init__(self, root: Path = chapters.ROOT):
        self.root = root
        self.cited: list[str] = []
        self.formulas: list[str] = []  # their labels; a formula's number is its place

    @cached_property
    def repository(self) -> str:
        """Where the book's other pages can be read."""
        return yaml.safe_load((self.root / "_config.yml").read_text())["repository"]["url"]

    @cached_property
    def bibliography(self) -> BibliographyData:
        """The book's references."""
        return parse_file(self.root / "book" / "references.bib")

    @cached_property
    def labels(self) -> dict[str, str]:
        """Headings that have a label: label -> heading."""
        texts = (path.read_text() for path in sorted((self.root / "book").rglob("*.md")))
        return dict(pair for text in texts for pair in re.findall(r"^\(([\w-]+)\)=\s*\n+#+ (.+)$", text, re.MULTILINE))

    def text(self, source: str) -> str:
        """A piece of MyST as plain Markdown."""
        lines, out, prose = source.split("\n"), [], []
        while lines:
            line = lines.pop(0)
            match = OPEN.match(line)
            if not match:
                prose.append(line)
                continue
            out.append(self.prose("\n".join(prose)))
            prose, body, fence = [], [], match["fence"]
            while lines and not (lines[0].rstrip().startswith(fence) and set(lines[0].strip()) == {fence[0]}):
                body.append(lines.pop(0))
            closing = lines.pop(0) if lines else fence
            out.append(self.directive(match["name"], match["argument"].strip(), body) if match["name"]
                       else "\n".join([line, *body, closing]))
        return "\n".join([*out, self.prose("\n".join(prose))]).strip()

    def prose(self, source: str) -> str:
        """Text without directives: labels go, roles become words and links."""
        source = NUMBERED.sub(lambda match: f"$${match[1]}{match[2]}\\tag{{{self.number(match[3])}}}{match[2]}$$", TARGET.sub("", source))
        return ROLE.sub(lambda match: self.role(match[1], " ".join(match[2].split()), " ".join(source[:match.start()].split())), source)

    def number(self, label: str) -> int:
        """A formula's number: formulas are counted as the text comes to them, or to a word about them."""
        if label not in self.formulas:
            self.formulas.append(label)
        return self.formulas.index(label) + 1

    def role(self, name: str, content: str, before: str) -> str:
        """One role, such as a term or a citation, and the text ``before`` it."""
        explicit = re.fullmatch(r"(.+?) ?<(.+)>", content)
        words, target = explicit.groups() if explicit else (None, content)
        if name == "term":
            return words or target
        if name == "doc":
            return self.link(words, target)
        if name in ("ref", "numref"):
            return words or f"*{self.labels.get(target, 'the figure above')}*"
        if name == "eq":
            return f"({self.number(target)})"
        if name in ("cite", "cite:p", "cite:t"):
            keys = [key.strip() for key in content.split(",")]
            self.cited += [key for key in keys if key not in self.cited]
            cited = self.citation(keys, in_text=name == "cite:t")
            named = re.match(r"\((.+), (\d{4})\)$", cited) if len(keys) == 1 else None
            return f"({named[2]})" if named and before.endswith(f" {named[1]}") else cited  # "by Hu et al. (2018)"
        if name in ("math", "code"):
            return f"${content}$" if name == "math" else f"`{content}`"
        raise ValueError(f"the role {{{name}}}`{content}` has no plain Markdown (tools/plain.py)")

    def link(self, words: str | None, target: str) -> str:
        """A link to another notebook beside this one, or to one of the book's pages."""
        name = Path(target).name
        is_chapter = re.match(r"\d\d_", name) is not None
        source = self.root / "book" / ("chapters" if is_chapter else ".") / f"{name}.md"
        if words is None:  # a dead link is the site's matter: its build fails
            words = re.search(r"^# (.+)$", source.read_text(), re.MULTILINE).group(1) if source.exists() else name
        return f"[{words}]({name}.ipynb)" if is_chapter else f"[{words}]({self.repository}/blob/main/book/{name}.md)"

    def citation(self, keys: list[str], in_text: bool) -> str:
        """Authors and years."""
        named = []
        for entry in (self.bibliography.entries[key] for key in keys):
            year = entry.fields.get("year", "")
            named.append(f"{authors(entry)} ({year})".removesuffix(" ()") if in_text
                         else f"{authors(entry)}, {year}".removesuffix(", "))
        return ", ".join(named) if in_text else f"({'; '.join(named)})"

    def references(self) -> str:
        """The list of what was cited."""
        style, backend = find_plugin("pybtex.style.formatting", "unsrt")(), find_plugin("pybtex.backends", "markdown")()
        found = style.format_entries([self.bibliography.entries[key] for key in self.cited])
        return "\n".join(["## References\n", *(f"- {' '.join(entry.text.render(backend).split())}" for entry in found)])

    def directive(self, name: str, argument: str, body: list[str]) -> str:
        """One block: figures, notes, formulas."""
        options: dict[str, str] = {}
        while name != "raw" and body and (option := re.match(r":([\w-]+):\s*(.*)", body[0])):
            options[option[1]] = option[2]
            body = body[1:]
        inside = "\n".join(body).strip()
        if name in ADMONITIONS or name in ("admonition", "dropdown"):
            words = f"**{argument or name.capitalize()}.** {self.text(inside)}"
            return "\n".join(f"> {line}".rstrip() for line in words.split("\n"))
        if name in ("figure", "image"):
            return f"![{options.get('alt', '')}]({argument})\n\n{self.text(inside)}".strip()
        if name == "math":
            return f"$$\n{inside}\n$$"
        if name == "raw" and (drawing := re.search(r"<svg.*?</svg>", inside, re.DOTALL)):
            caption = re.search(r"<figcaption>(.*?)</figcaption>", inside, re.DOTALL)
            return self.drawing(drawing.group()) + (f"\n\n*{caption.group(1)}*" if caption else "")
        raise ValueError(f"the directive {{{name}}} has no plain Markdown (tools/plain.py)")

    def drawing(self, svg: str) -> str:
        """An inline drawing as a picture: notebooks strip SVG from Markdown, and the book's style sheet is not there."""
        css = (self.root / "book" / "assets" / "book.css").read_text()
        colours = LIGHT | dict(re.findall(r"(--emotalk-\w+): (#\w+);", css.partition("html[data-theme")[0]))
        rules = " ".join(re.findall(r"^\.diagram ([.\w]+ \{[^}]*\})", css, re.MULTILINE))
        rules = re.sub(r"var\(([\w-]+)\)", lambda match: colours[match[1]], rules)
        described = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL) or re.search(r"<title[^>]*>(.*?)</title>", svg, re.DOTALL)
        head, _, rest = re.sub(r' style="[^"]*"', "", svg, count=1).partition(">")
        head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" style="background: white; font-family: sans-serif"', 1)
        picture = f"{head}><style>{rules}</style>{rest}"
        data = base64.b64encode(picture.encode()).decode()
        words = " ".join(described.group(1).split()) if described else ""
        return f"![{words}](data:image/svg+xml;base64,{data})"


def authors(entry: Entry) -> str:
    """Family names: one, two, or the first and the rest."""
    people = entry.persons.get("author", ())
    found = [" ".join(part.render_as("text") for part in (*who.rich_prelast_names, *who.rich_last_names)) for who in people]
    if len(found) > 2:
        return f"{found[0]} et al."
    return " and ".join(found) or entry.fields["title"]
