"""``python -m emotalk_lite`` is the ``emotalk`` command."""

from .cli import app

if __name__ == "__main__":
    app(prog_name="emotalk")
