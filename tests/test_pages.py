"""What the pages say of the chapters is what there is."""

import re

import chapters

BOOK = chapters.ROOT / "book"
NUMBERS = [path.stem[:2] for path in chapters.chapters()]


def test_the_syllabus_has_a_row_for_each_chapter_and_its_hours_add_up():
    text = (BOOK / "syllabus.md").read_text()
    hours = {number: int(found) for number, found in re.findall(r"^\| (\d\d) [^|]+\| (\d+) \|", text, re.MULTILINE)}
    assert list(hours) == NUMBERS and f"That is {sum(hours.values())} hours." in text
    for total, listed in re.findall(r"\((\d+) hours\)[^:]*: (\d\d(?:, \d\d)*)", text):
        assert int(total) == sum(hours[number] for number in listed.split(", "))


def test_the_syllabus_says_what_each_chapter_builds_on_as_the_chapter_does():
    text = (BOOK / "syllabus.md").read_text()
    said = {row[0]: re.findall(r"\d\d", row[1]) for row in re.findall(r"^\| (\d\d) [^|]+\| \d+ \| ([^|]+) \|", text, re.MULTILINE)}
    for path in chapters.chapters():
        first = path.read_text().partition("## What you need first")[2].partition("\n## ")[0]
        assert said[path.stem[:2]] == sorted(set(re.findall(r"\{doc\}`(\d\d)_", first))), path.stem


def test_the_first_page_counts_the_chapters_and_lists_them():
    text = (BOOK / "intro.md").read_text()
    counted = {14: "Fourteen", 15: "Fifteen", 16: "Sixteen", 17: "Seventeen"}[len(NUMBERS)]
    table = text.partition("| chapters | what you build |")[2].partition("\n\n")[0]
    listed = []
    for first, joint, last in re.findall(r"^\| (\d\d)(?:(, | to )(\d\d))? \|", table, re.MULTILINE):
        listed += [f"{n:02}" for n in range(int(first), int(last) + 1)] if joint == " to " else [first, *([last] if last else [])]
    assert f"{counted} chapters" in text and listed == NUMBERS
