"""The history we keep: pulled from wherever the learner reviews, in one local file that outlives their collection.

Read in this order: ``model`` (what a history is), ``store`` (the file), ``collection`` and ``live`` (what Anki tells),
``progress`` (what the StaffML web app tells), ``pull`` (all of it).
"""

from staffml_anki.reviews.days import Calendar
from staffml_anki.reviews.model import CardState, History, Reviews
from staffml_anki.reviews.store import HistoryStore, history_at

__all__ = ["Calendar", "CardState", "History", "HistoryStore", "Reviews", "history_at"]
