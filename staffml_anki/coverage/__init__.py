"""What has been covered: metrics from a vault and a history of reviews, then reports, all views of one value.

In a notebook::

    from pathlib import Path
    from staffml_anki.coverage import coverage_of

    found = coverage_of(Path("interviews/vault"))
    found.totals.expected_recall, found.axes["area"]["memory"].success_rate

``measure`` does the same with values that are already there.
"""

from staffml_anki.coverage.bank import Bank, bank_of
from staffml_anki.coverage.measure import Wanted, measure
from staffml_anki.coverage.result import Cell, ChainCoverage, Coverage, QuestionCoverage, Table
from staffml_anki.coverage.run import coverage_of

__all__ = [
    "Bank",
    "Cell",
    "ChainCoverage",
    "Coverage",
    "QuestionCoverage",
    "Table",
    "Wanted",
    "bank_of",
    "coverage_of",
    "measure",
]
