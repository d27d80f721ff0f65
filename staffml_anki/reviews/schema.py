"""The tables of what is practised outside of Anki, told apart from reviews: study/notebook.py writes them."""

PRACTICE = """
    CREATE TABLE practice (
        question TEXT NOT NULL, time INTEGER NOT NULL, score INTEGER NOT NULL, taken INTEGER NOT NULL,
        mode TEXT NOT NULL, session TEXT NOT NULL, grade TEXT NOT NULL, tried INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (question, time)
    ) WITHOUT ROWID;
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, mode TEXT NOT NULL, started INTEGER NOT NULL, open INTEGER NOT NULL, state TEXT NOT NULL
    );
    CREATE TABLE plans (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,
        state TEXT NOT NULL
    );
"""
"""The step that adds them to a history's file."""
