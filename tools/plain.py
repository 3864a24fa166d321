"""MyST Markdown into the plain Markdown that Colab and JupyterLab show: no directives, no roles.

What has no plain counterpart, and is not known here, is an error rather than noise on a reader's page.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import unicodedata
from functools import cached_property
from pathlib import Path

from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin

import chapters
import drawing
import fork

OPEN = re.compile(r"^(?P<fence>`{3,}|:{3,})(?:\{(?P<name>[\w:-]+)\}[ \t]*(?P<argument>.*))?")
ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
TARGET = re.compile(r"^\(([\w-]+)\)=[ \t]*\n", re.MULTILINE)
NUMBERED = re.compile(r"\$\$([^$]+?)(\s*)\$\$ \((eq-[\w-]+)\)")
ADMONITIONS = ("note", "tip", "warning", "important", "caution", "hint", "seealso", "attention")
PICTURE = re.compile(r'<img id="drawing-(\w+)" [^>]*>')


class Plain:
    """Turns the text of one chapter into plain Markdown and remembers what it cites.

    Args:
        root: the book's root; titles, labels and the bibliography are read there.
        beside: what stands before the file's name in a link to another chapter: nothing where the notebooks lie side by side.
        before: the text as it was made before; a drawing that has not changed keeps its picture, byte for byte.
    """

    def __init__(self, root: Path = chapters.ROOT, beside: str = "", before: str = ""):
        self.root = root
        self.beside = beside
        self.pictures = {match[1]: match[0] for match in PICTURE.finditer(before)}
        self.cited: list[str] = []
        self.formulas: list[str] = []  # their labels; a formula's number is its place

    @cached_property
    def pages(self) -> str:
        """Where GitHub publishes the book's pages."""
        return fork.pages(fork.address(self.root))

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
            plain = unicodedata.normalize("NFKD", self.spelt(target)).encode("ascii", "ignore").decode()
            return f"[{words or target}]({self.pages}/book/glossary.html#term-{re.sub(r'[^A-Za-z0-9]+', '-', plain)})"
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

    def spelt(self, word: str) -> str:
        """A word as the glossary has it: a chapter may begin a sentence with it."""
        words = re.findall(r"^(\w.*)$", (self.root / "book" / "glossary.md").read_text(), re.MULTILINE)
        return next((known for known in words if known.lower() == word.lower()), word)

    def link(self, words: str | None, target: str) -> str:
        """A link to another chapter's notebook, or to one of the book's pages."""
        name = Path(target).name
        is_chapter = re.match(r"\d\d_", name) is not None
        source = self.root / "book" / ("chapters" if is_chapter else ".") / f"{name}.md"
        if words is None:  # a dead link is the site's matter: its build fails
            words = re.search(r"^# (.+)$", source.read_text(), re.MULTILINE).group(1) if source.exists() else name
        return f"[{words}]({self.beside}{name}.ipynb)" if is_chapter else f"[{words}]({self.pages}/book/{name}.html)"

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
        needless = re.compile(r"\\([().!#+-])")  # pybtex escapes whatever it can; with a backslash, brackets begin a formula
        lines = (needless.sub(r"\1", " ".join(entry.text.render(backend).split())) for entry in found)
        return "\n".join(["## References\n", *(f"- {line}" for line in lines)])

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
        """A drawing as a picture that carries its pixels: Colab shows no SVG, no attachment and no file beside the notebook."""
        digest = hashlib.sha256(svg.encode()).hexdigest()[:8]
        if digest not in self.pictures:
            css = (self.root / "book" / "assets" / "book.css").read_text()
            colours = dict(re.findall(r"--emotalk-(\w+): (#\w+);", css.partition("html[data-theme")[0]))
            described = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL)
            words = html.escape(" ".join(described.group(1).split())) if described else ""
            data = base64.b64encode(drawing.png(svg, colours)).decode()
            width = re.search(r'viewBox="\S+ \S+ (\d+)', svg)[1]
            self.pictures[digest] = f'<img id="drawing-{digest}" width="{width}" alt="{words}" src="data:image/png;base64,{data}">'
        return self.pictures[digest]


def authors(entry: Entry) -> str:
    """Family names: one, two, or the first and the rest."""
    people = entry.persons.get("author", ())
    found = [" ".join(str(part) for part in (*who.rich_prelast_names, *who.rich_last_names)) for who in people]
    if len(found) > 2:
        return f"{found[0]} et al."
    return " and ".join(found) or entry.fields["title"]
