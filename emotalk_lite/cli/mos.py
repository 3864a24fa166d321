"""The commands of the survey: mos survey, mos analyse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import Seed, app


mos = typer.Typer(help="Mean opinion scores: a survey, and what its answers say.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(mos, name="mos")


@mos.command()
def survey(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help="A folder with a folder of clips for each variant.")],
    out: Annotated[Path, typer.Option(help="The page, .html; the key is written beside it.")],
    seed: Seed = 0,
) -> None:
    """Make a page that shows clips and asks the paper's questions.

    The clips are blinded and come in random order.

    \b
    Example:
      emotalk mos survey clips --out survey.html
    """
    from ..mos import make_survey

    made = make_survey(clips, out, seed=seed)
    print(f"{made.page}: {made.clips} clip{'s' * (made.clips != 1)}; send it to raters. {made.key} says which clip is whose: keep it from them")


@mos.command()
def analyse(
    responses: Annotated[list[Path], typer.Argument(metavar="RESPONSES", help="The JSON files that raters saved, or a folder of them.")],
    key: Annotated[Path, typer.Option(help="The survey's .key.json.")] = Path("survey.key.json"),
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers here.")] = None,
) -> None:
    """Say what the answers come to, by variant.

    Means with intervals, shares as numbers and as bars, and how far the raters agree.

    \b
    Example:
      emotalk mos analyse responses/*.json --key survey.key.json --json mos.json
    """
    from ..mos import analyse as analyse_responses
    from ..mos import report_bars, report_tables

    report = analyse_responses(responses, key, json_file)
    print(report_tables(report), report_bars(report), sep="\n\n")
