"""The commands of the survey: mos survey, mos analyse, mos paper."""

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
    per_rater: Annotated[
        int | None, typer.Option(metavar="N", help="Show each rater N of the clips, each variant equally often. [default: all]", show_default=False)
    ] = None,
) -> None:
    """Make a page that shows clips and asks the paper's questions.

    The clips are blinded and come in random order.

    \b
    Example:
      emotalk mos survey clips --out survey.html
      emotalk mos survey ablation/videos --out survey.html --per-rater 16
    """
    from ..mos import make_survey
    from ..mos.questions import KEYS

    made = make_survey(clips, out, seed=seed, per_rater=per_rater)
    print(f"{made.page}: {made.clips} clip{'s' * (made.clips != 1)}; send it to raters. {made.key} says which clip is whose: keep it from them")
    print(f"each rater sees {made.per_rater} and answers {made.per_rater * len(KEYS)} questions")
    if made.differ:
        print(f"what can tell variants apart by itself: {'; '.join(made.differ)}")


@mos.command()
def analyse(
    responses: Annotated[list[Path], typer.Argument(metavar="RESPONSES", help="The JSON files that raters saved, or a folder of them.")],
    key: Annotated[Path, typer.Option(help="The survey's .key.json.")] = Path("survey.key.json"),
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers here.")] = None,
    base: Annotated[
        str | None, typer.Option(metavar="VARIANT", help="What the others are compared with. [default: base, if there is one]", show_default=False)
    ] = None,
) -> None:
    """Say what the answers come to, by variant.

    Means with intervals, the raters' own differences to the base, shares as numbers and as bars, and how far the raters agree.

    \b
    Example:
      emotalk mos analyse responses/*.json --key survey.key.json --json mos.json
    """
    from ..mos import analyse as analyse_responses
    from ..mos import report_bars, report_tables

    report = analyse_responses(responses, key, json_file, base)
    print(report_tables(report), report_bars(report), sep="\n\n")


@mos.command()
def paper() -> None:
    """The paper's Tables 5 and 6 through the same analysis.

    Table 6 prints shares that can be taken back to people, so its means have intervals; Table 5 prints means alone.

    \b
    Example:
      emotalk mos paper
    """
    from ..mos import paper_report, report_bars, report_tables

    report = paper_report()
    print(report_tables(report), report_bars(report), sep="\n\n")
