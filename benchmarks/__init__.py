"""`make bench`: what the program costs, always beside something known in the same run. Never a test."""
