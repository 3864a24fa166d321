"""The glossary's words are linked where a chapter or another page first uses them."""

import re

import chapters
import pytest

WORDS = re.findall(r"^([^\s`{#].*)$", (chapters.ROOT / "book/glossary.md").read_text(), re.MULTILINE)
NOT_PROSE = (
    r"(?s)\A---\n.*?\n---\n",  # front matter
    r"(?sm)^```(?:\{code-cell\}|\{raw\}|bash$|python$).*?^```$",
    r"(?sm)^\$\$.*?\$\$",
    r"(?m)^(?:\([\w-]+\)=|#|\||:\w+:|- \*\*).*$",  # headings, tables, a directive's options, the list of aims
)
NO_WORDS = r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)"  # code, formulas, addresses, and links that are made already


def unlinked(text: str, words: list[str]) -> list[str]:
    """The words that a chapter uses in a paragraph without linking them there or before."""
    for pattern in NOT_PROSE:
        text = re.sub(pattern, "", text)
    found = []
    for word in words:
        spelt = r"[-\s]+".join(re.escape(part) for part in re.split("[- ]", word))
        use = re.compile(rf"(?i)(?<!\w){spelt}(?:s|es)?(?!\w)")
        link = re.compile(rf"(?i)\{{term\}}`(?:[^`<]*<)?{re.escape(word)}>?`")
        for paragraph in re.split(r"\n\s*\n", text):
            if link.search(paragraph):
                break
            if use.search(re.sub(NO_WORDS, "`", paragraph)):
                found.append(word)
                break
    return found


PAGES = [path for path in sorted((chapters.ROOT / "book").glob("*.md")) if path.stem != "glossary"]


@pytest.mark.parametrize("page", [*chapters.chapters(), *PAGES], ids=lambda path: path.stem)
def test_the_first_use_of_a_glossary_word_is_a_link(page):
    assert unlinked(page.read_text(), WORDS) == []


def test_a_word_without_a_link_is_found():
    words = ["mask", "skip connection"]
    assert unlinked("# A mask\n\nMasks hide.\n\nA {term}`mask`.", words) == ["mask"]
    assert unlinked("A {term}`mask` is a mask. {term}`Skip connections <skip connection>`.\n\nskip connections", words) == []
    assert unlinked("```{code-cell} ipython3\nmask = 1\n```\n\n`mask`, $mask$\n\n| mask |\n\nunmasked", words) == []
