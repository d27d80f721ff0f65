"""Practice, daily challenge, gauntlet, plans and chains: what people study besides Anki's own reviews.

What decides is pure: a session is a value that events change, and the time comes with each event; draws get their seed,
calendars their day. Only ``notebook`` (the history's file) and ``grading`` (Anki) touch the world. Nothing here prints.
"""
