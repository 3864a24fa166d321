"""The command itself: how errors become one line, and the options that several commands share."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from typer.core import TyperGroup

from .. import __version__
from ..errors import EmotalkError
from ..interrupt import ends_like_ctrl_c
from ..paths import cannot_read

UsageError = typer.BadParameter.__base__  # click's, or typer's own since it has no click

FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}  # a disk, a quota, the largest file; Windows lacks one
IMPOSSIBLE = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EACCES, errno.EPERM}  # a path that the user gave, or its permissions
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
PREPARED = "give one that `emotalk sample`, `prepare` or `synth` made"  # where a folder is missing


class OneLineErrors(TyperGroup):
    """Commands whose user errors are one line, exit status 2."""

    def main(self, *args, **options):
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a file's name may be no UTF-8, or the terminal may not know it
        return super().main(*args, **options)

    def parse_args(self, ctx: typer.Context, args: list[str]):
        with one_line(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context):
        with one_line(ctx):
            from tqdm import tqdm

            tqdm.set_lock(threading.RLock())  # its own is shared by processes, and a signal that ends this one would leave it behind
            return super().invoke(ctx)


@contextmanager
def one_line(ctx: typer.Context) -> Iterator[None]:
    """What a user can put right, and a signal, end the block with one line on stderr."""

    def last_words() -> str:
        return GO_ON.get(ctx.invoked_subcommand, "stopped; nothing was written")

    try:
        with ends_like_ctrl_c(last_words):
            yield
    except UsageError as error:
        say_usage_and_exit(error, ctx)
    except EmotalkError as error:
        say_and_exit(str(error), 2)
    except OSError as error:  # any write, of any command: what was being written is gone, what was there before is not
        if error.errno in IMPOSSIBLE and error.filename:
            say_and_exit(str(cannot_read(error.filename, error)), 2)
        if error.errno not in FULL:
            raise
        say_and_exit(f"{error.strerror}: the file at hand was not written; make room and give the same command again, or choose another place", 2)
    except KeyboardInterrupt as signalled:
        say_and_exit(last_words(), STOPPED + (*signalled.args, signal.SIGINT)[0])


def say_usage_and_exit(error: UsageError, ctx: typer.Context) -> None:
    """Say which word is wrong and where help is; a group without a command shows its help.

    Args:
        error: of typer; some of these do not know of which command.
        ctx: of `emotalk` itself.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        raise error
    if getattr(error, "possibilities", None):
        error.possibilities = [option for option in error.possibilities if option != "--help"]  # which is like any short word
    said = error.format_message().rstrip(".").replace("Input should", "it should").split(", unable to parse")[0]
    said = f"{said[0].lower()}{said[1:]}"
    if "is not readable" in said:  # typer looks at what a path leads to
        say_and_exit(f"{said.replace('is not readable', 'cannot be read (Permission denied)')}; check its permissions", 2)
    command = error.ctx.command_path if error.ctx else " ".join(filter(None, [ctx.command_path, ctx.invoked_subcommand]))
    what = "commands" if "no such command" in said else "options"
    say_and_exit(f"{said}; '{command} -h' shows the {what}", 2)


def say_and_exit(message: str, status: int) -> None:
    """Print the one line and leave."""
    print(f"emotalk: {' '.join(message.splitlines())}", file=sys.stderr)
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


def say_version(asked: bool) -> None:
    """Print it, where it is asked for, and leave."""
    if asked:
        print(f"emotalk {__version__}")
        raise typer.Exit


@app.callback()
def emotalk(version: Annotated[bool, typer.Option("--version", callback=say_version, is_eager=True, help="Show the version and leave.")] = False) -> None:
    """What comes before the command."""


Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Subset = Annotated[str | None, typer.Option(help="Only a fixed selection: paper100, as many videos as the paper's.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another value for an option, such as se_ratio=8; repeatable. 'emotalk train --list-options' shows them."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all random numbers: same seed, same result.")]
