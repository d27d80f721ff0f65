"""`pull`, `history export|forget` and `progress export`: the history that coverage is worked out of."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.learner import at_bank
from staffml_anki.cli.sync_options import DEFAULT_URL, Key, Url, Yes
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.reviews import HistoryStore
    from staffml_anki.reviews.pull import Pulled

FIRST_STEPS = (
    "no StaffML question in it yet. Build a deck (staffml-anki build), import it into Anki, review a few cards, "
    "then pull again"
)

Profile = Annotated[
    str | None,
    typer.Option("--profile", help="Whose history, where there are several: the name of a folder in the data folder."),
]


def register(app: typer.Typer) -> None:
    app.command("pull")(pull)
    history = typer.Typer(no_args_is_help=True, help="Export the history of reviews, or forget it.")
    history.command("export")(export)
    history.command("forget")(forget)
    app.add_typer(history, name="history")
    progress = typer.Typer(no_args_is_help=True, help="The StaffML web app's progress file.")
    progress.command("export")(progress_export)
    app.add_typer(progress, name="progress")


def pull(
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="An .apkg or .colpkg exported on any device, a collection.anki2, or the StaffML app's progress file.",
        ),
    ] = None,
    vault: Annotated[
        Path | None, typer.Option("--vault", "-v", help="Say how many questions of the history this vault lacks.")
    ] = None,
    profile: Profile = None,
    notes_only: Annotated[
        bool, typer.Option("--no-packages", help="Ask for each review instead of exporting: slower.")
    ] = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: options.AsJson = False,
) -> None:
    """Add the reviews of a running Anki, or of a file, to the history on this computer.

    Pulling again adds only what is new; what was pulled stays when Anki loses it. Nothing in Anki changes.

    [dim]Examples:[/dim]
      staffml-anki pull
      staffml-anki pull --from collection.colpkg
      staffml-anki pull --from staffml-progress.json
    """
    from staffml_anki.data import home_folder
    from staffml_anki.reviews.pull import pull_anki, pull_file
    from staffml_anki.reviews.store import HistoryStore, adopt, history_at

    now = int(time.time())
    if file is not None:
        with HistoryStore(history_at(home_folder(), profile)) as store:
            pulled = pull_file(store, file, now, output.step)
            notices, path = store.notices, store.path
    else:
        from staffml_anki.anki.connect import connect, find_key
        from staffml_anki.anki.errors import AnkiClosedError

        try:
            connection = connect(url, find_key(key))
        except AnkiClosedError as error:
            raise StaffmlAnkiError(f"{error}; or pull a file: --from FILE, exported on any device") from None
        with HistoryStore(adopt(home_folder(), connection.folder)) as store:
            pulled = pull_anki(store, connection.gateway, now, output.step, use_packages=not notes_only)
            notices, path = store.notices, store.path
    unknown = 0 if vault is None else _unknown(path, vault)
    if as_json:
        counts = {name: getattr(pulled.taken, name) for name in ("reviews", "known", "cards", "changed", "questions")}
        left = {"future": pulled.taken.future, "damaged": pulled.taken.damaged, "other_notes": pulled.taken.others}
        rest = {"unknown_questions": unknown, "notices": [*notices, *pulled.taken.notices], "history": str(path)}
        output.emit_json({"source": pulled.source, "total": pulled.total} | counts | left | rest)
        return
    _report(pulled, [*notices, *pulled.taken.notices], unknown)


def _unknown(path: Path, vault: Path) -> int:
    """Questions of the history that the vault does not have."""
    from staffml_anki.coverage.cache import load_bank
    from staffml_anki.data import home_folder
    from staffml_anki.reviews.store import HistoryStore

    bank = load_bank(vault, home_folder(), output.progress)
    with HistoryStore(path) as store:
        ids = {row[0] for row in store.connection.execute("SELECT id FROM questions")}
    return len(ids - set(bank.ids))


def _report(pulled: "Pulled", notices: list[str], unknown: int) -> None:
    for notice in notices:
        output.warn(f"note: {notice}")
    taken = pulled.taken
    if not pulled.ours:
        output.say(f"{pulled.source}: {FIRST_STEPS}")
        return
    new = counted(taken.reviews, "new review")
    output.say(f"{pulled.source}: {new}, {taken.known:,} known already; {counted(taken.cards, 'card')}", "green")
    if taken.future:
        output.warn(f"note: {counted(taken.future, 'review')} dated in the future left out; check that clock")
    if taken.damaged:
        output.warn(f"note: {counted(taken.damaged, 'row')} that cannot be reviews left out")
    if unknown:
        what = counted(unknown, "question")
        output.say(f"  {what} of the history not in this vault (another with --vault)", "dim")
    output.say(f"  {counted(pulled.total, 'review')} in the history. Next: staffml-anki coverage")


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    form: Annotated[
        Literal["csv", "json", "parquet"] | None,
        typer.Option("--format", help="csv, json or parquet; by default what the file's name ends with."),
    ] = None,
    profile: Profile = None,
) -> None:
    """Write every review of the history to a file.

    Parquet takes pyarrow: pip install 'staffml-anki\\[parquet]'.

    [dim]Examples:[/dim]
      staffml-anki history export --out reviews.csv
      staffml-anki history export --out reviews.parquet
    """
    from staffml_anki.files import write_whole
    from staffml_anki.reviews.export import FORMATS, exported

    chosen = form or next((each for each in FORMATS if out.suffix == f".{each}"), None)
    if chosen is None:
        raise StaffmlAnkiError(f"--out {out}: end its name with .csv, .json or .parquet, or say --format")
    with open_history(profile) as store:
        history = store.read()
    write_whole({out: exported(history, chosen)})
    output.say(f"{counted(len(history.reviews), 'review')} in {out}", "green")


def forget(
    question: Annotated[
        list[str], typer.Option("--question", help="Only what is about this question; more than once for more.")
    ] = [],  # noqa: B006 - typer copies defaults
    yes: Yes = False,
    profile: Profile = None,
) -> None:
    """Delete the history on this computer, or what it knows of some questions. Anki keeps what it has.

    [dim]Examples:[/dim]
      staffml-anki history forget --question cloud-0001
      staffml-anki history forget --yes
    """
    from staffml_anki.study.notebook import Notebook
    from staffml_anki.vault import QuestionId

    with open_history(profile) as store:
        before = store.counts()
        everything = f"all {before.reviews:,} reviews and {before.scores:,} scores of practice, gauntlets and plans too"
        what = counted(len(question), "question") if question else everything
        if not yes:
            if not sys.stdin.isatty():
                raise StaffmlAnkiError("forget asks before it deletes anything, and nobody can answer here; add --yes")
            if not typer.confirm(f"Forget {what} in {store.path}?", default=False):
                output.say("nothing was forgotten")
                return
        keys = [QuestionId(each) for each in question]
        if keys:
            Notebook(store).forget(keys)
        gone = store.forget(keys or None)
        scores = before.scores - store.counts().scores
    practised = f" and {counted(scores, 'score')} of practice" if scores else ""
    output.say(f"{counted(gone, 'review')}{practised} forgotten", "green")


def progress_export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("staffml-progress.json"),
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
) -> None:
    """Write the StaffML web app's progress file, for the app to import: reviews, practice, gauntlets, daily challenges,
    plans.

    [dim]Example:[/dim]
      staffml-anki progress export --out staffml-progress.json
    """
    import json

    import numpy as np

    from staffml_anki.files import write_whole
    from staffml_anki.reviews.progress import progress_file

    with at_bank(vault, profile, timezone, rollover) as at:
        made = progress_file(at.history, at.entries, at.calendar, at.now // 1000, at.for_the_app(), at.practice)
        reviews = at.history.reviews
        unknown = np.array([key not in at.entries for key in at.history.questions], dtype=bool)
        left = int(unknown[reviews.column("question")[reviews.answered]].sum())
    write_whole({out: (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()})
    output.say(f"{counted(len(made['attempts']), 'attempt')} in {out}; import it in the app", "green")
    if left:
        output.warn(f"note: {counted(left, 'answer')} to questions that {vault} does not have left out")


def open_history(profile: str | None) -> "HistoryStore":
    """The history of a profile; what happened to it as it was opened is said."""
    from staffml_anki.data import home_folder
    from staffml_anki.reviews.store import HistoryStore, history_at

    store = HistoryStore(history_at(home_folder(), profile))
    for notice in store.notices:
        output.warn(f"note: {notice}")
    return store
