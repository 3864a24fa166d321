"""Write the address of your fork wherever the book names its repository; what the notebooks show stays.

    python3 tools/fork.py you/your-book      # or: make fork REPO=you/your-book

Chapters and notebooks change alike, so nothing has to be executed again. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("_config.yml", "README.md", "book/setup.md", "book/chapters/*.md", "notebooks/*.ipynb", "colab/notebooks/*.ipynb")
NAME = re.compile(r"(?:(?:https?://|(?:ssh://)?git@)?github\.com[/:])?"  # however GitHub, git or a browser spells it
                  r"([A-Za-z0-9][\w-]*/[\w.-]+?)(?:\.git)?(?:/(?:tree|blob)/\S+)?/?")


def address(root: Path = ROOT) -> str:
    """Owner and name of the repository, as ``_config.yml`` has them."""
    return re.search(r'repository: \{url: "https://github\.com/([^"]+)"', (root / "_config.yml").read_text()).group(1)


def pages(repository: str) -> str:
    """Where GitHub publishes the pages of owner/name.

    >>> pages("you/your-book")
    'https://you.github.io/your-book'
    >>> pages("you/you.github.io")
    'https://you.github.io'
    """
    owner, _, name = repository.partition("/")
    site = f"https://{owner}.github.io"
    return site if f"https://{name}".lower() == site.lower() else f"{site}/{name}"


def digest(source: str) -> str:
    """What the id of a cell with this text begins with."""
    return hashlib.sha256(source.encode()).hexdigest()[:10]


def move(new: str, root: Path = ROOT) -> list[str]:
    """Replace the repository's address by ``new``, owner/name; returns the files that changed."""
    old, changed = address(root), []
    known = re.compile(rf"(github\.com/|colab\.research\.google\.com/github/){re.escape(old)}(?![\w-])")
    published = re.compile(rf"{re.escape(pages(old))}(?![\w-])")

    def here(text: str) -> str:
        return published.sub(pages(new), known.sub(rf"\g<1>{new}", text))

    folder = re.compile(rf"^cd {re.escape(old.partition('/')[2])}$", re.MULTILINE)  # after `git clone`
    for path in (path for place in PLACES for path in sorted(root.glob(place))):
        text = path.read_text(encoding="utf-8")
        replaced = folder.sub(f"cd {new.partition('/')[2]}", here(text))
        for cell in json.loads(text)["cells"] if path.suffix == ".ipynb" else ():
            source = "".join(cell["source"])  # a cell's id is made from its text (tools/chapters.py)
            replaced = replaced.replace(f'"id": "{digest(source)}-', f'"id": "{digest(here(source))}-')
        if replaced != text:
            path.write_text(replaced, encoding="utf-8")
            changed.append(path.relative_to(root).as_posix())
    return changed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="owner/name on GitHub, or its address")
    given = NAME.fullmatch(parser.parse_args().repository.strip())
    if not given:
        sys.exit("fork: name the repository as owner/name, for example: make fork REPO=you/your-book")
    changed = move(given[1])
    print(f"fork: {len(changed)} files now name {given[1]}; look with `git diff --stat`, then commit" if changed
          else f"fork: every file names {given[1]} already")


if __name__ == "__main__":
    main()
