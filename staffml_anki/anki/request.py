"""A sync as it was asked for, and a plan saved with it: plain values in a JSON file."""

import html
import json
import unicodedata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from staffml_anki import reading
from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.merge import Choices
from staffml_anki.anki.plan import Plan, Side
from staffml_anki.anki.sync import Wish
from staffml_anki.anki.wanted import PlanDecks
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.files import write_whole
from staffml_anki.package.manifest import read_manifest
from staffml_anki.vault import QuestionId
from staffml_anki.vault.select import Selection

VERSION = 1


class SyncRequest(BaseModel):
    """Everything that decides what a sync would do, besides the collection and the vault's content."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    vault: str
    recipe: str
    narrow: Selection = Selection()
    conflicts: Literal["mine", "theirs"] = "mine"
    relayout: bool = False
    reset_templates: bool = False
    restore_deleted: bool = False
    retire_many: bool = False
    add_fields: bool = False
    formerly: tuple[str, ...] = ()
    previous: str = ""
    """A manifest, or "" for none."""
    use_packages: bool = True
    gate_chains: bool | None = None
    gate_interval: int | None = None
    gate_recall: float | None = None
    plan: PlanDecks | None = None
    answers: tuple[tuple[QuestionId, str, Side], ...] = ()
    """Conflicts that were decided one by one: question, field, whose text."""

    def wish(self) -> Wish:
        """The wish, with the files that it names read.

        Raises:
            StaffmlAnkiError: the recipe or the manifest cannot be read.
        """
        stamps = read_manifest(Path(self.previous)).notes if self.previous else {}
        choices = Choices(
            conflicts=self.conflicts,
            relayout=self.relayout,
            reset_templates=self.reset_templates,
            restore_deleted=self.restore_deleted,
            add_fields=self.add_fields,
            formerly=tuple(html.unescape(unicodedata.normalize("NFC", name)) for name in self.formerly),
            known={key: stamp.hash for key, stamp in stamps.items()},
            answers={(question, field): side for question, field, side in self.answers},
        )
        gate = GateWish(self.gate_chains, self.gate_interval, self.gate_recall)
        return Wish(
            Path(self.vault), find_recipe(self.recipe), self.narrow, choices, self.use_packages, gate, self.plan
        )


def save_plan(path: Path, request: SyncRequest, plan: Plan) -> None:
    """Write a plan, with the request that leads to it.

    Raises:
        OutputError: the file cannot be written.
    """
    saved = {"version": VERSION, "request": request.model_dump(mode="json"), "plan": plan.to_json()}
    write_whole({path: (json.dumps(saved, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")})


def read_plan(path: Path) -> tuple[SyncRequest, dict[str, Any]]:
    """The request and the plan in a file.

    Raises:
        StaffmlAnkiError: it holds no plan of ours.
    """
    try:
        raw = reading.parse_json(reading.read_bytes(path, reading.MAX_CORPUS))
        if not isinstance(raw, dict) or raw.get("version") != VERSION or not isinstance(raw.get("plan"), dict):
            raise reading.Unreadable("is not a saved plan")
        return SyncRequest.model_validate_json(json.dumps(raw.get("request"))), raw["plan"]
    except (reading.Unreadable, ValidationError) as why:
        fault = str(why) if isinstance(why, reading.Unreadable) else "is not a saved plan"
        raise StaffmlAnkiError(f"{path}: {fault}; make one with staffml-anki sync --plan {path}") from None
