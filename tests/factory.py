"""Vaults for tests, in every shape upstream ships: small, ours, and odd where the real ones are odd."""

import copy
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="9" height="9" fill="#abc"/></svg>'
BLOOM = {"L1": "remember", "L2": "understand", "L3": "apply", "L4": "analyze", "L5": "evaluate", "L6+": "create"}
RELEASED = "2026-05-04T12:50:42+00:00"
RELEASED_AGAIN = "2026-08-15T09:00:00+00:00"

NAPKIN = """**Assumptions & Constraints:**
- 70B params, 2 bytes each, <50ms a token.

**Calculations:**
- Footprint: 70B × 2 bytes = 140 GB.
- Ridge: $\\frac{989}{3.35} \\approx 295$ FLOP/byte, at $3/hour.

**Conclusion & Interpretation:**
- **Two cards.** 140 GB > 80 GB.
"""
MISTAKE = """**The Pitfall:** Counting weights only.
**The Rationale:** They are what the model card states.
**The Consequence:** Out of memory at 32 requests.
"""

type Raw = dict[str, Any]


def question(question_id: str = "cloud-0001", **changes: Any) -> Raw:
    """A whole question; dotted changes reach into details: ``**{"details.napkin_math": "…"}``."""
    raw: Raw = {
        "schema_version": "1.0",
        "id": question_id,
        "track": "cloud",
        "level": "L3",
        "zone": "fluency",
        "topic": "kv-cache-management",
        "competency_area": "memory",
        "bloom_level": "apply",
        "phase": "inference",
        "title": "Footprint of a 70B Model",
        "scenario": "A 70B model has to fit on 80 GB cards at $3M a year.",
        "question": "How many cards does it take, and why?",
        "details": {"realistic_solution": "Two cards, because 140 GB > 80 GB.", "common_mistake": MISTAKE},
        "status": "published",
        "provenance": "human",
        "expected_time_minutes": 6,
        "validated": True,
        "math_verified": True,
        "human_reviewed": {"status": "verified", "by": None, "date": None, "notes": None},
        "created_at": "2026-03-12T10:00:00",
    }
    raw["details"]["napkin_math"] = NAPKIN
    for key, value in changes.items():
        owner, _, name = key.rpartition(".")
        target = raw[owner] if owner else raw
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return raw


def chain(chain_id: str, *members: Raw, **changes: Any) -> Raw:
    return {
        "chain_id": chain_id,
        "track": members[0]["track"],
        "topic": members[0]["topic"],
        "competency_area": members[0]["competency_area"],
        "levels": [m["level"] for m in members],
        "questions": [
            {"level": m["level"], "id": m["id"], "title": m["title"], "bloom": m["bloom_level"]} for m in members
        ],
        "rationale": "From the number to the design.",
        "tier": "primary",
    } | changes


def sample() -> tuple[list[Raw], list[Raw]]:
    """Twelve published questions, one draft, two chains that share a question, a visual, options, two tracks."""
    levels = ("L1", "L2", "L3", "L4", "L5", "L6+")
    questions = [
        question(
            f"{track}-{number:04d}",
            track=track,
            level=level,
            bloom_level=BLOOM[level],
            title=f"{track.title()} Step {number}: Größe & {level}",
            **{"details.realistic_solution": f"Answer {number} of {track}: `a < b && c > d` at $0.023/GB … $11.5M."},
        )
        for track in ("cloud", "edge")
        for number, level in enumerate(levels, start=1)
    ]
    questions[0]["details"] |= {"options": ["4 GB", "a <n> c", "**16** GB", "$2^5$ GB"], "correct_index": 2}
    questions[1]["visual"] = {"kind": "svg", "path": "bars.svg", "alt": 'Bars "A" < B', "caption": "Two bars."}
    questions[2]["details"]["resources"] = [{"name": "Notes", "url": "https://example.org/?a=1&b=2"}]
    for raw in questions[6:]:
        raw["topic"], raw["competency_area"] = "real-time-deadlines", "latency"
    draft = question("cloud-0099", status="draft", title="")
    chains = [
        chain("chain-b", *questions[0:4]),
        chain("chain-a", *questions[2:5], tier="secondary"),
        chain("chain-c", *questions[6:9]),
    ]
    return [*questions, draft], chains


def release(created: str = RELEASED, release_id: str = "1.0.0") -> Raw:
    return {"release_id": release_id, "created_at": created, "published_count": 12}


def write_folder(
    folder: Path,
    questions: Iterable[Raw],
    chains: Iterable[Raw] = (),
    about: Mapping[str, Any] | None = None,
    svg: str = SVG,
) -> Path:
    for raw in questions:
        path = folder / "questions" / str(raw["track"]) / str(raw.get("competency_area", "x")) / f"{raw['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(raw, allow_unicode=True, sort_keys=False), encoding="utf-8")
        if "visual" in raw:
            drawing = folder / "visuals" / raw["track"] / raw["visual"]["path"]
            drawing.parent.mkdir(parents=True, exist_ok=True)
            drawing.write_text(svg, encoding="utf-8")
    (folder / "chains.json").write_text(json.dumps(list(chains)), encoding="utf-8")
    if about is not None:
        (folder / "release.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def write_corpus(path: Path, questions: Iterable[Raw], chains: Iterable[Raw] = ()) -> Path:
    """Published questions with their chains joined in, and without what the site bundle leaves out."""
    items = []
    for raw in questions:
        if raw["status"] != "published":
            continue
        left_out = ("schema_version", "provenance", "created_at", "expected_time_minutes", "human_reviewed", "tags")
        item = {key: value for key, value in copy.deepcopy(raw).items() if key not in left_out}
        places = {
            c["chain_id"]: (position, c["tier"])
            for c in chains
            for position, member in enumerate(c["questions"])
            if member["id"] == raw["id"]
        }
        if places:
            item["chain_ids"] = sorted(places)
            item["chain_positions"] = {name: position for name, (position, _) in places.items()}
            item["chain_tiers"] = {name: tier for name, (_, tier) in places.items()}
        items.append(item)
    path.write_text(json.dumps(items, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def write_database(
    path: Path, questions: Iterable[Raw], chains: Iterable[Raw] = (), about: Mapping[str, Any] | None = None
) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE questions (id TEXT PRIMARY KEY, title TEXT, topic TEXT, track TEXT, level TEXT, zone TEXT,"
        " competency_area TEXT, bloom_level TEXT, phase TEXT, status TEXT, scenario TEXT, question TEXT,"
        " common_mistake TEXT, realistic_solution TEXT, napkin_math TEXT, options_json TEXT, correct_index INTEGER,"
        " resources_json TEXT, visual_json TEXT, provenance TEXT, created_at TEXT, last_modified TEXT, file_path TEXT,"
        " content_hash TEXT, authors_json TEXT);"
        "CREATE TABLE chains (id TEXT PRIMARY KEY, name TEXT, topic TEXT);"
        "CREATE TABLE chain_questions (chain_id TEXT, question_id TEXT, position INTEGER);"
        "CREATE TABLE release_metadata (key TEXT PRIMARY KEY, value TEXT);"
    )
    for raw in questions:
        if raw["status"] != "published":
            continue
        details = raw["details"]
        row = {
            key: raw.get(key)
            for key in "id title topic track level zone competency_area bloom_level phase status scenario question "
            "provenance created_at last_modified".split()
        }
        row |= {k: details.get(k) for k in ("common_mistake", "realistic_solution", "napkin_math", "correct_index")}
        row["options_json"] = json.dumps(details["options"]) if "options" in details else None
        row["resources_json"] = json.dumps(details["resources"]) if "resources" in details else None
        row["visual_json"] = json.dumps(raw["visual"]) if "visual" in raw else None
        columns = ", ".join(row)
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO questions ({columns}) VALUES ({marks})", list(row.values()))
    for c in chains:
        connection.execute("INSERT INTO chains VALUES (?, NULL, ?)", (c["chain_id"], c["topic"]))
        connection.executemany(
            "INSERT INTO chain_questions VALUES (?,?,?)",
            [(c["chain_id"], member["id"], position) for position, member in enumerate(c["questions"])],
        )
    connection.executemany("INSERT INTO release_metadata VALUES (?,?)", [(k, str(v)) for k, v in (about or {}).items()])
    connection.commit()
    connection.close()
    return path
