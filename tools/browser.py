"""Find the browser that the tests of the built pages drive.

    python3 tools/browser.py    # prints its program, or exits 1

Chromium or Chrome as your system packages them: the builds that Playwright downloads lack H.264 and AAC, so videos do not
play in them. Standard library only, because CI asks before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = ("/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
          "/Applications/Chromium.app/Contents/MacOS/Chromium")


def find() -> str | None:
    """The program's path: ``EMOTALK_CHROMIUM`` if set, else the first one found, else None."""
    named = os.environ.get("EMOTALK_CHROMIUM")
    candidates = [named] if named else [*map(shutil.which, NAMES), *PLACES]
    return next((str(c) for c in candidates if c and Path(c).exists()), None)


if __name__ == "__main__":
    sys.exit(print(find()) if find() else 1)
