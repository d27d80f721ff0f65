"""The yardstick: bare genanki writing the same finished fields, all in one deck, as quickly as it can.

    python -m benchmarks.bare NOTES.json OUT.apkg

One deck is to genanki's advantage: it rewrites every deck for each deck it adds.
"""

import json
import sys
import tempfile
from pathlib import Path

import genanki


def main() -> None:
    # genanki leaves its temporary database behind.
    tempfile.tempdir = str(Path(sys.argv[2]).parent)
    data = json.loads(Path(sys.argv[1]).read_bytes())
    model = genanki.Model(
        1,
        "Bare",
        fields=[{"name": name} for name in data["fields"]],
        templates=[{"name": "Question", "qfmt": "{{Title}}", "afmt": "{{Answer}}"}],
    )
    deck = genanki.Deck(1, "Bare")
    for guid, fields, tags in data["notes"]:
        deck.add_note(genanki.Note(model, fields, tags=tags, guid=guid))
    genanki.Package(deck).write_to_file(sys.argv[2])


if __name__ == "__main__":
    main()
