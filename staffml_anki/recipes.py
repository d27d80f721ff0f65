"""YAML files that say what to make, shipped or one's own (deck recipes, study plans): found, read, every fault told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from staffml_anki import reading
from staffml_anki.errors import RecipeError
from staffml_anki.wording import nearest, show


def find(kind: str, name: str, folder: Path) -> Path:
    """The file of a shipped one by its name, or the path of one's own.

    Args:
        kind: what it is, for messages: "recipe", "plan".

    Raises:
        RecipeError: there is none.
    """
    shipped = folder / f"{name}.yaml"
    if name.replace("-", "").isalnum() and shipped.is_file():
        return shipped
    path = Path(name)
    if path.exists() or path.suffix in (".yaml", ".yml") or "/" in name:
        return path
    names = tuple(sorted(file.stem for file in folder.glob("*.yaml")))
    raise RecipeError(f"no {kind} '{name}'; {nearest(name, names)}, or the path of a {kind} file")


def read(kind: str, path: Path, docs: str) -> dict[str, Any]:
    """What a file says, unchecked.

    Args:
        docs: where it is described.

    Raises:
        RecipeError: it cannot be read, or is no mapping.
    """
    try:
        raw = reading.parse_yaml(reading.read_bytes(path, reading.MAX_YAML))
    except reading.Unreadable as why:
        raise RecipeError(f"{kind} {path}: {why}") from None
    if not isinstance(raw, dict):
        raise RecipeError(f"{kind} {path}: is not a mapping of keys to values; see {docs}")
    return raw


def explain(invalid: ValidationError, whole: type[BaseModel], parts: Mapping[str, type[BaseModel]]) -> str:
    """Every fault in a line.

    Args:
        parts: the models of keys that hold mappings themselves.
    """
    faults = []
    for detail in invalid.errors(include_url=False):
        place = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            keys = tuple(parts.get(str(detail["loc"][0]), whole).model_fields)
            faults.append(f"unknown key '{place}'; {nearest(detail['loc'][-1], keys)}")
        elif detail["type"] == "missing":
            faults.append(f"{place} is missing")
        else:
            faults.append(f"{place}: found {show(detail['input'])}; {detail['msg'][0].lower()}{detail['msg'][1:]}")
    return "; ".join(faults)
