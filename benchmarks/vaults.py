"""Upstream-shaped vaults of any size: 2-3 KB of YAML a question, a third of them in chains, 1% with a drawing.

python -m benchmarks.vaults FOLDER QUESTIONS [NOTES.json]
python -m benchmarks.vaults FOLDER QUESTIONS --next

``--next`` writes the next release instead: 5% of the questions changed, 1% gone, 2% new.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import yaml

from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import FIELDS
from staffml_anki.vault import load_vault
from staffml_anki.vault.axes import AREA_OF_TOPIC, BLOOM_LEVELS, LEVELS, TRACKS

_WORDS = (
    "accelerator cache gradient tensor batch kernel queue scheduler replica checkpoint shard pipeline sensor battery "
    "firmware arena interconnect switch rack node token prompt saturates stalls halves doubles overlaps evicts "
    "throttles drops spills bounds dominates hides"
).split()
_TAILS = (
    "",
    " at 80 GB/s",
    " in <50ms",
    " for $3M a year",
    " (4× slower)",
    ", so `wait_all()` waits",
    " → 35% idle",
    " & more",
)
_NOT_IN_CORPUS = ("schema_version", "provenance", "created_at", "expected_time_minutes", "human_reviewed")
_TOPICS = tuple(AREA_OF_TOPIC)[::2]


def _prose(rng: random.Random, sentences: int) -> str:
    made = (f"The {' '.join(rng.choices(_WORDS, k=9))}{rng.choice(_TAILS)}." for _ in range(sentences))
    return " ".join(made)


def _question(number: int) -> dict[str, Any]:
    rng = random.Random(number)
    topic = rng.choice(_TOPICS)
    rank = rng.randrange(len(LEVELS))
    track = rng.choices(TRACKS, (45, 20, 16, 13, 6))[0]
    a, b = rng.randint(2, 400), rng.randint(2, 4000)
    math = (
        f"\n- Ridge: $\\frac{{{b}}}{{{a}}} \\approx {b / a:.1f}$ FLOP/byte, at ${a}/hour."
        if rng.random() < 0.35
        else ""
    )
    raw: dict[str, Any] = {
        "schema_version": "1.0",
        "id": f"{track}-{number:06d}",
        "track": track,
        "level": LEVELS[rank],
        "zone": "analyze",
        "topic": topic,
        "competency_area": AREA_OF_TOPIC[topic],
        "bloom_level": BLOOM_LEVELS[rank],
        "phase": "both",
        "title": f"The {' '.join(rng.choices(_WORDS, k=3)).title()}",
        "scenario": _prose(rng, 4),
        "question": f"What is the {rng.choice(_WORDS)} budget?",
        "details": {
            "realistic_solution": _prose(rng, 6),
            "common_mistake": f"**The Pitfall:** {_prose(rng, 1)}\n**The Rationale:** {_prose(rng, 1)}\n"
            f"**The Consequence:** {_prose(rng, 1)}\n",
            "napkin_math": f"**Assumptions & Constraints:**\n- {_prose(rng, 1)}\n- Budget: ${a}K and {b} ms.\n\n"
            f"**Calculations:**\n- Footprint: {a}B params × 2 bytes = {2 * a} GB.{math}\n\n"
            f"**Conclusion & Interpretation:**\n- **Result.** {_prose(rng, 1)}\n",
        },
        "status": "published",
        "provenance": "human",
        "expected_time_minutes": 5,
        "validated": True,
        "math_verified": True,
        "human_reviewed": {"status": "not-reviewed", "by": None, "date": None, "notes": None},
        "created_at": "2026-03-12T10:00:00",
    }
    if rank < 2 and rng.random() < 0.5:
        raw["details"] |= {"options": [_prose(rng, 1) for _ in range(4)], "correct_index": 1}
    if rng.random() < 0.01:
        raw["visual"] = {"kind": "svg", "path": f"{raw['id']}.svg", "alt": "Bars", "caption": _prose(rng, 1)}
    return raw


def _chains(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for raw in questions[::3]:
        groups.setdefault((raw["track"], raw["topic"]), []).append(raw)
    found = []
    for (track, topic), members in sorted(groups.items()):
        for start in range(0, len(members) - 5, 5):
            steps = sorted(members[start : start + 5], key=lambda raw: LEVELS.index(raw["level"]))
            steps = [s for i, s in enumerate(steps) if i == 0 or s["level"] != steps[i - 1]["level"]]
            name = f"{track}-chain-{topic}-{start:04d}"
            found.append({"chain_id": name, "topic": topic, "questions": [{"id": s["id"]} for s in steps]})
    return found


def _next_release(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    count = len(questions)
    for raw in questions[7::20]:
        raw["details"]["realistic_solution"] += " Measured again."
    kept = [raw for number, raw in enumerate(questions) if number % 100 != 13]
    return kept + [_question(number) for number in range(count, count + count // 50)]


def write_vault(folder: Path, count: int, *, following: bool = False) -> None:
    """Write the folder shape of a vault, and its ``corpus.json`` inside; or of the release ``following`` it."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    questions = [_question(number) for number in range(count)]
    chains = _chains(questions)
    about = {"release_id": "1.0.0", "created_at": "2026-05-04T12:50:42+00:00"}
    if following:
        questions = _next_release(questions)
        there = {raw["id"] for raw in questions}
        for chain in chains:
            chain["questions"] = [step for step in chain["questions"] if step["id"] in there]
        chains = [chain for chain in chains if len(chain["questions"]) > 1]
        about = {"release_id": "1.1.0", "created_at": "2026-08-15T09:00:00+00:00"}
    for raw in questions:
        path = folder / "questions" / raw["track"] / raw["competency_area"] / f"{raw['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            yaml.dump(raw, Dumper=dumper, sort_keys=False, allow_unicode=True, width=9999), encoding="utf-8"
        )
        if "visual" in raw:
            drawing = folder / "visuals" / raw["track"] / raw["visual"]["path"]
            drawing.parent.mkdir(parents=True, exist_ok=True)
            drawing.write_text(
                '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="5" height="5"/></svg>'
            )
    (folder / "chains.json").write_text(json.dumps(chains))
    (folder / "release.json").write_text(json.dumps(about))
    positions: dict[str, dict[str, int]] = {}
    for chain in chains:
        for position, step in enumerate(chain["questions"]):
            positions.setdefault(step["id"], {})[chain["chain_id"]] = position
    for raw in questions:
        if raw["id"] in positions:
            raw["chain_ids"] = sorted(positions[raw["id"]])
            raw["chain_positions"] = positions[raw["id"]]
        for key in _NOT_IN_CORPUS:
            raw.pop(key, None)
    (folder / "corpus.json").write_text(json.dumps(questions, indent=2, ensure_ascii=False), encoding="utf-8")


def write_finished_notes(folder: Path, target: Path) -> None:
    """Write the notes of a vault as the yardstick wants them: GUIDs, finished fields, tags."""
    vault = load_vault(folder)
    maker = NoteMaker(vault)
    notes = [(n.guid, n.fields, n.tags) for n in map(maker.note, vault.questions.values())]
    target.write_text(json.dumps({"fields": FIELDS, "notes": notes}))


if __name__ == "__main__":
    following = "--next" in sys.argv
    write_vault(Path(sys.argv[1]), int(sys.argv[2]), following=following)
    if len(sys.argv) > 3 and not following:
        write_finished_notes(Path(sys.argv[1]), Path(sys.argv[3]))
