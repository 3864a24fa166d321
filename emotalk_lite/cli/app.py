"""The command itself: how errors become one line, and the options that several commands share."""

from __future__ import annotations

import errno
import signal
import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

from ..errors import EmotalkError
from ..interrupt import ends_like_ctrl_c

FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}  # a disk, a quota, the largest file; Windows lacks one
STOPPED = 128  # plus the signal's number: exit status of a program that a signal stopped, by the shells' convention
GO_ON = {
    "sample": "stopped; the same command goes on where it stopped",
    "cremad": "stopped; the same command goes on where it stopped",
    "prepare": "stopped; the same command goes on where it stopped",
    "synth": "stopped; the same command goes on where it stopped",
    "train": "stopped; the same command with --resume goes on where it stopped",
    "talk": "stopped; nothing was written",
    "upscale": "stopped; nothing was written",
    "convert": "stopped; nothing was written",
    "bench": "stopped; nothing was written",
    "evaluate": "stopped; nothing was written",
    "ablate": "stopped; the same command goes on where it stopped",
    "mos": "stopped; nothing was written",
}


class OneLineErrors(TyperGroup):
    """Commands whose user errors are one line, exit status 2."""

    def invoke(self, ctx: typer.Context):
        try:
            with ends_like_ctrl_c():
                return super().invoke(ctx)
        except EmotalkError as error:
            say_and_exit(" ".join(str(error).splitlines()), 2)
        except OSError as error:  # any write, of any command: what was being written is gone, what was there before is not
            if error.errno not in FULL:
                raise
            say_and_exit(f"{error.strerror}: the file at hand was not written; make room and give the same command again, or choose another place", 2)
        except KeyboardInterrupt as signalled:
            say_and_exit(GO_ON.get(ctx.invoked_subcommand, "stopped"), STOPPED + (*signalled.args, signal.SIGINT)[0])


def say_and_exit(message: str, status: int) -> None:
    """Print the one line and leave."""
    print(f"emotalk: {message}", file=sys.stderr)
    raise typer.Exit(status)


app = typer.Typer(
    cls=OneLineErrors,
    help="One face + speech + an emotion: a talking face.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a bug shows Python's own traceback
    context_settings={"help_option_names": ["-h", "--help"]},
)

Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Subset = Annotated[str | None, typer.Option(help="Only a fixed selection: paper100, as many videos as the paper's.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another value for an option, such as se_ratio=8; repeatable. 'emotalk train --list-options' shows them."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all random numbers: same seed, same result.")]
