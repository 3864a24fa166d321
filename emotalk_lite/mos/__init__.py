"""Mean opinion scores: a survey that anyone can answer in a browser, and what its answers say.

* `questions.py`: what is asked
* `survey.py`, `survey.html`: clips in a folder to one self-contained page
* `blind.py`: what a clip tells of its origin
* `responses.py`: which of the files that came back can be used
* `analysis.py`: means with intervals, differences, shares, agreement
* `report.py`: those as tables and bars
* `raters.py`: how many raters a row of percentages can come from; the paper's tables through the same report
"""

from .analysis import Mean, agreement, analyse, mean_interval
from .questions import AGREEMENT, SCORES, STATEMENTS
from .raters import paper_report
from .report import read_report, report_bars, report_tables
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
    "paper_report",
    "read_report",
    "read_responses",
    "report_bars",
    "report_tables",
]
