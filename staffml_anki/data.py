"""Where the shipped vault, card templates and recipes live: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSIDE = _PACKAGE / "_data"
_ROOT = _INSIDE if _INSIDE.is_dir() else _PACKAGE.parent

VAULT = _ROOT / "vault"
CARD_TEMPLATES = _ROOT / "card_templates"
RECIPES = _ROOT / "decks"
