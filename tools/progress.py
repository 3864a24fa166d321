"""What the screen shows while a notebook runs, and what is measured meanwhile."""

from __future__ import annotations

import re
import sys
import threading
import time

import psutil
from tqdm import tqdm

from emotalk_lite.chapter_costs import minutes


class Screen:
    """One bar a notebook: cells done, time left, and the last line that the running cell printed.

    Handed to papermill as the file that receives the notebook's own output.
    """

    def __init__(self, label: str, cells: int, expected: float | None):
        self.start, self.expected, self.said = time.monotonic(), expected, ""
        every = 0.2 if sys.stderr.isatty() else 15.0  # seconds; a log file needs fewer lines
        self.bar = tqdm(total=cells, desc=label, miniters=0, mininterval=every, dynamic_ncols=True,
                        bar_format="{desc} {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} cells {elapsed}{postfix}")

    def write(self, text: str) -> None:
        """Remember the last line of what a cell printed; a progress bar in it loses its graphics, not its numbers."""
        lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
        if lines:
            self.said = re.sub(r"\|[^|]*\|", "", lines[-1]).strip()[:70]

    def flush(self) -> None:
        """Nothing is buffered; papermill calls it after each write."""

    def tick(self) -> None:
        """Draw the bar if it is time to: called several times a second, also while a cell prints nothing."""
        left = max(0.0, self.expected - (time.monotonic() - self.start)) if self.expected else None
        parts = [f"about {minutes(left)} left"] if left is not None else []
        self.bar.set_postfix_str(", ".join([*parts, self.said] if self.said else parts), refresh=False)
        self.bar.update(0)


class Watch:
    """While a notebook runs, four times a second: sample the memory of what this process started, and tick the screen."""

    def __init__(self, screen: Screen):
        self.screen, self.peak_bytes, self.done = screen, 0, threading.Event()
        self.thread = threading.Thread(target=self.loop, daemon=True)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def loop(self) -> None:
        """Sample until told to stop; a process that ends in between counts as nothing."""
        while not self.done.wait(0.25):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:
                    continue
            self.peak_bytes = max(self.peak_bytes, total)
            self.screen.tick()

    def __exit__(self, *error) -> None:
        self.done.set()
        self.thread.join()
        self.screen.bar.close()
