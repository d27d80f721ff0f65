"""Choosing questions."""

from pathlib import Path
from typing import Any

import pytest

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault import load_vault
from staffml_anki.vault.select import Selection, require_known, select


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        ({}, 12),
        ({"track": ("edge",)}, 6),
        ({"track": ("edge",), "level": ("L1", "L6+")}, 2),
        ({"area": ("latency",)}, 6),
        ({"topic": ("kv-cache-management",)}, 6),
        ({"chain": ("chain-a", "chain-c")}, 6),
        ({"id": ("edge-0001",)}, 1),
        ({"in_chain": True}, 8),
        ({"in_chain": False}, 4),
        ({"has_options": True}, 1),
        ({"has_visual": True}, 1),
        ({"has_napkin_math": False}, 0),
        ({"math_verified": True, "human_reviewed": True}, 12),
        ({"tag": ("none",)}, 0),
    ],
)
def test_a_selection_takes_what_it_says(vault_folder: Path, wish: dict[str, Any], count: int) -> None:
    assert len(select(load_vault(vault_folder), Selection(**wish))) == count


def test_a_topic_or_chain_the_vault_lacks_is_named_with_the_nearest(vault_folder: Path) -> None:
    vault = load_vault(vault_folder)
    with pytest.raises(StaffmlAnkiError, match="topic kv-cache: not in this vault; did you mean kv-cache-management"):
        require_known(vault, Selection(topic=("kv-cache",)))
    with pytest.raises(StaffmlAnkiError, match="chain chain-x: not in this vault; did you mean chain-"):
        require_known(vault, Selection(chain=("chain-x",)))
