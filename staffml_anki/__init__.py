"""StaffML's ML-systems interview questions as Anki decks.

A vault of questions flows to the right into Anki: ``vault`` → ``cards`` → ``decks`` → ``package``.
See docs/architecture.md for the rooms and what each may know.
"""

__version__ = "0.1.0"
