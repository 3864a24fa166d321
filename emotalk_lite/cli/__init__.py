"""The ``emotalk`` command: fetch the sample or CREMA-D, prepare, train, talk, evaluate.

What a user can put right is said in one line on stderr, exit status 2; a bug keeps its traceback. torch is imported
inside the commands, so that ``--help`` answers at once.
"""

from ..interrupt import ends_like_ctrl_c

with ends_like_ctrl_c():  # typer takes a moment
    from . import data, training, video, numbers, mos  # isort: skip  # noqa: F401, in the order of `emotalk --help`
    from .app import app

__all__ = ["app"]
