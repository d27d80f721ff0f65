"""`preview` and `browse`: pages for a browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from staffml_anki import data
from staffml_anki.cli import options, output
from staffml_anki.errors import OK, StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.pages.serve import Draw

NoOpen = Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")]
VAULT_PAGE = Path("staffml-vault.html")


def register(app: typer.Typer) -> None:
    app.command("preview")(preview)
    app.command("browse")(browse)


def preview(
    question_ids: Annotated[
        list[str], typer.Argument(metavar="[ID]...", help="Questions to show; without one, a few that differ.")
    ] = [],  # noqa: B006
    vault: options.VaultPath = options.DEFAULT_VAULT,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the page to this file and stop, instead of serving it.")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="For 127.0.0.1.", show_default="a free one")
    ] = 0,
    no_open: NoOpen = False,
    as_json: options.AsJson = False,
) -> None:
    """Show real cards in the browser: front and back, light and night, phone and desktop side by side.

    The page follows the card templates while you edit them, until Ctrl-C. It is served to this machine only.

    [dim]Examples:[/dim]
      staffml-anki preview starter-cloud-001
      staffml-anki preview --out cards.html
    """
    from staffml_anki.cards.notetype import load_templates
    from staffml_anki.files import write_whole
    from staffml_anki.pages.preview import choose, preview_page
    from staffml_anki.vault import load_vault

    loaded = load_vault(vault, progress=output.progress)
    chosen = choose(loaded, question_ids)

    def draw(tick: str) -> str:
        return preview_page(loaded, chosen, load_templates(), tick)

    page = draw("")
    shown: dict[str, object] = {"cards": [question.id for question in chosen]}
    if out is not None:
        write_whole({out: page.encode()})
        _done(out, len(page.encode()), shown, counted(len(chosen), "card"), as_json=as_json)
        return
    _serve(draw, port, shown, counted(len(chosen), "card"), no_open=no_open, as_json=as_json)


def _serve(draw: "Draw", port: int, shown: Mapping[str, object], what: str, *, no_open: bool, as_json: bool) -> None:
    import sys

    from staffml_anki.pages.serve import serving

    with serving(draw, data.CARD_TEMPLATES, port) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        if as_json:
            output.emit_json({"url": url, **shown})
        else:
            output.say(f"{url} shows {what}", "bold green")
            output.say(f"  follows {data.CARD_TEMPLATES} while you edit; Ctrl-C ends it")
        sys.stdout.flush()
        if not no_open:
            _open(url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way to end it, not an accident
            raise typer.Exit(OK) from None


def browse(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The .html file; with it, no browser is opened.", show_default=f"{VAULT_PAGE}, here"
        ),
    ] = None,
    no_open: NoOpen = False,
    as_json: options.AsJson = False,
) -> None:
    """Write the Vault as one page to browse and search, offline, and open it.

    Facets, full-text search, chains, every question with its answer to reveal. One file, which asks the network for
    nothing: mail it, put it on a phone. A link such as staffml-vault.html#cloud-0042 leads to a question.

    [dim]Examples:[/dim]
      staffml-anki browse
      staffml-anki browse --vault corpus.json --out vault.html
    """
    from staffml_anki.cards.notetype import load_templates
    from staffml_anki.files import write_whole
    from staffml_anki.pages.browse import vault_page
    from staffml_anki.vault import load_vault

    target = out or VAULT_PAGE
    if target.suffix not in (".html", ".htm"):
        raise StaffmlAnkiError(f"--out {target}: give a name that ends in .html")
    loaded = load_vault(vault, progress=output.progress)
    page = vault_page(loaded, load_templates(), output.progress).encode()
    write_whole({target: page})
    count = len(loaded.questions)
    _done(target, len(page), {"questions": count}, counted(count, "question"), as_json=as_json)
    if out is None and not no_open:
        _open(target.resolve().as_uri())


def _done(out: Path, size: int, about: Mapping[str, object], what: str, *, as_json: bool) -> None:
    if as_json:
        output.emit_json({"page": str(out), "bytes": size, **about})
    else:
        output.say(f"{out} is ready", "bold green")
        output.say(f"  {what} · {size / 1e6:.1f} MB · open it in a browser")


def _open(url: str) -> None:
    import webbrowser

    if not webbrowser.open(url):
        output.warn(f"note: no browser was found; open {url} yourself")
