"""Where things live: the shipped vault, card templates and recipes (beside the package in a checkout, inside it in a
wheel), and what the program keeps of a learner."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSIDE = _PACKAGE / "_data"
_ROOT = _INSIDE if _INSIDE.is_dir() else _PACKAGE.parent

VAULT = _ROOT / "vault"
CARD_TEMPLATES = _ROOT / "card_templates"
RECIPES = _ROOT / "decks"
PLANS = _ROOT / "plans"
HISTORY = "history.db"
"""A history's name in a profile's folder, below ``home_folder()``."""


def home_folder() -> Path:
    """The program's data folder: ``STAFFML_ANKI_HOME``, or where the platform keeps such things."""
    chosen = os.environ.get("STAFFML_ANKI_HOME")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("staffml-anki", appauthor=False))
