"""The shapes of AnkiConnect's answers, checked: a wrong one must never pass for an empty one."""

from typing import Any

from staffml_anki.anki.errors import AnkiLostError

type Json = Any


def unlike(action: str) -> AnkiLostError:
    return AnkiLostError(f"the answer to '{action}' is not AnkiConnect's")


def number(action: str, value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise unlike(action)
    return value


def text(action: str, value: Json) -> str:
    if not isinstance(value, str):
        raise unlike(action)
    return value


def items(action: str, value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise unlike(action)
    return value


def mapping(action: str, value: Json) -> dict[str, Json]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise unlike(action)
    return value


def ids(action: str, value: Json) -> list[int]:
    return [number(action, item) for item in items(action, value)]


def texts(action: str, value: Json) -> list[str]:
    return [text(action, item) for item in items(action, value)]


def ids_by_name(action: str, value: Json) -> dict[str, int]:
    return {name: number(action, item) for name, item in mapping(action, value).items()}
