"""The questions: their model, the loaders for the three shapes, checks, selection, comparison of two releases.

Knows nothing of Anki, HTML or the files that others write.
"""

from staffml_anki.vault.load import load_vault, read_source
from staffml_anki.vault.model import Chain, Listed, Membership, Placed, Problem, Question, QuestionId, Release, Vault
from staffml_anki.vault.sources import Source, open_source

__all__ = [
    "Chain",
    "Listed",
    "Membership",
    "Placed",
    "Problem",
    "Question",
    "QuestionId",
    "Release",
    "Source",
    "Vault",
    "load_vault",
    "open_source",
    "read_source",
]
