"""The one exception that reaches a user.

Its message is a single line that names the thing, the place and the remedy; ``cli/app.py`` turns it into that line on
stderr and exit code 2. Nothing outside ``cli`` prints.
"""

OK, PROBLEMS, FAILED, BUG, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes; docs/cli.md says what they mean."""


class StaffmlAnkiError(Exception):
    """Something a user can act on. The message is shown as it is, without a traceback."""


class VaultError(StaffmlAnkiError):
    """The vault as a whole cannot be read."""


class RecipeError(StaffmlAnkiError):
    """A deck recipe is wrong."""


class OutputError(StaffmlAnkiError):
    """A file cannot be written where it was asked for."""


def reason(error: OSError) -> str:
    """Why the operating system refused, in its own words, without Python's decoration."""
    return (error.strerror or str(error)).lower()
