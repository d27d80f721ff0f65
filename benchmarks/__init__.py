"""`make bench`: what the program costs, always beside something known in the same run. Never a test."""

import os

# Where this is set (in containers, often) every process compiles the program anew: nobody's computer at home does that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
