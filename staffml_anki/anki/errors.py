"""What can go wrong between us and Anki, each with what to do about it."""

from staffml_anki.errors import StaffmlAnkiError

ADDON = "2055492159"
"""AnkiConnect's number on AnkiWeb."""


class AnkiError(StaffmlAnkiError):
    """Anki, or the learner's collection, does not allow what was asked."""


class AnkiLostError(AnkiError):
    """No usable answer came: what was asked may or may not have been done."""


class AnkiClosedError(AnkiError):
    """Nobody listens where AnkiConnect should."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"Anki does not answer at {url}: start Anki, with the AnkiConnect add-on in it "
            f"(Tools → Add-ons → Get Add-ons → {ADDON}), or give its address with --url"
        )


class AnkiRefusedError(AnkiError):
    """AnkiConnect reported an error of its own; ``said`` is its word."""

    def __init__(self, action: str, said: str) -> None:
        self.said = said
        super().__init__(_explained(action, said))


def _explained(action: str, said: str) -> str:
    plain = " ".join(said.split())[:300]
    if "collection is not available" in plain:
        return "Anki is running, but no profile is open: choose one, and close dialogs that wait for an answer"
    if "api key" in plain.lower():
        return (
            "AnkiConnect wants another API key: give the one from its configuration (apiKey) with --key, "
            "ANKICONNECT_API_KEY or the file ankiconnect.key in the data folder; remove them if it has none"
        )
    if "unsupported action" in plain:
        return f"this AnkiConnect does not know '{action}': update the add-on (Tools → Add-ons → Check for Updates)"
    if "auth not configured" in plain:
        return "Anki is not logged in to AnkiWeb: press Sync in Anki once and log in, or use --no-ankiweb"
    return f"Anki answered '{action}' with: {plain}"
