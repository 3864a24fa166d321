"""Who forks the book gives it their address with one command, and no notebook has to be executed again."""

import re
import shutil

import chapters
import fork
import pytest
import sync_notebooks

OTHERS = ("someone/talking-faces.2027", "someone/someone.github.io")


@pytest.fixture
def copy(tmp_path):
    """The files that may name the repository, the chapters' notebooks, and what these are derived from."""
    for pattern in (*fork.PLACES, "book/*.md", "book/references.bib"):
        for path in chapters.ROOT.glob(pattern):
            target = tmp_path / path.relative_to(chapters.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


@pytest.mark.parametrize("other", OTHERS)
def test_a_fork_has_its_own_address_everywhere_and_keeps_all_outputs(copy, other):
    old = fork.address()
    assert fork.move(other, copy) and fork.address(copy) == other
    texts = {path: path.read_text() for pattern in fork.PLACES for path in copy.glob(pattern)}
    assert [path.name for path, text in texts.items() if f"/{old}" in text or fork.pages(old) in text] == []
    assert f"cd {other.partition('/')[2]}\n" in (copy / "book/setup.md").read_text()
    assert sync_notebooks.out_of_step(copy, write=False) == []
    fork.move(old, copy)
    assert all((copy / path.relative_to(chapters.ROOT)).read_bytes() == path.read_bytes()
               for pattern in fork.PLACES for path in chapters.ROOT.glob(pattern))


def test_pages_chapters_and_notebooks_name_one_repository():
    here = fork.address()
    owner_and_name = re.compile(r"git\+https://github\.com/([\w.-]+/[\w.-]+)|git clone https://github\.com/([\w.-]+/[\w.-]+)")
    for pattern in fork.PLACES:
        for path in chapters.ROOT.glob(pattern):
            named = {a or b for a, b in owner_and_name.findall(path.read_text())}
            assert named <= {here}, path.name
            assert named or path.suffix != ".ipynb", f"{path.name} has no install cell"


def test_the_readme_opens_every_chapter_on_colab():
    links = re.findall(r"\(https://colab\.research\.google\.com/github/([^)]+)\)", (chapters.ROOT / "README.md").read_text())
    assert links == [f"{fork.address()}/blob/main/colab/notebooks/{chapter.stem}.ipynb" for chapter in chapters.chapters()]


@pytest.mark.parametrize("given", [
    "you/your-book", "https://github.com/you/your-book.git", "http://github.com/you/your-book/", "github.com/you/your-book",
    "git@github.com:you/your-book.git", "ssh://git@github.com/you/your-book.git", "https://github.com/you/your-book/tree/main",
    "https://github.com/you/your-book/blob/main/book/intro.md"])
def test_an_address_is_owner_and_name_however_it_is_pasted(given):
    assert fork.NAME.fullmatch(given)[1] == "you/your-book"


@pytest.mark.parametrize("given", ["", "your-book", "you/your-book/pulls", "https://gitlab.com/you/your-book", "git@github.com:your-book.git"])
def test_what_is_no_address_is_refused(given):
    assert fork.NAME.fullmatch(given) is None


def test_the_pages_of_an_owners_own_site_have_no_folder():
    assert fork.pages("you/you.github.io") == fork.pages("You/you.github.io").lower() == "https://you.github.io"
    assert fork.pages("you/me.github.io") == "https://you.github.io/me.github.io"
