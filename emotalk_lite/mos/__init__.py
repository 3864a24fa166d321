"""Mean opinion scores: a survey that anyone can answer in a browser, and what its answers say.

* `questions.py`: what is asked
* `survey.py`, `survey.html`: clips in a folder to one self-contained page
* `responses.py`: which of the files that came back can be used
* `analysis.py`: means with intervals, shares, agreement
* `raters.py`: how many raters a row of percentages can come from
"""

from .analysis import Mean, agreement, analyse, mean_interval, report_bars, report_tables
from .questions import AGREEMENT, SCORES, STATEMENTS
from .responses import read_responses
from .survey import make_survey

__all__ = [
    "AGREEMENT",
    "SCORES",
    "STATEMENTS",
    "Mean",
    "agreement",
    "analyse",
    "make_survey",
    "mean_interval",
    "read_responses",
    "report_bars",
    "report_tables",
]
