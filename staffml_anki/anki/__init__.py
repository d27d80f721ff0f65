"""The learner's collection: one gateway to AnkiConnect, snapshots, the plan of a sync, and applying it.

Read in this order: ``gateway`` (how we talk), ``snapshot`` (what is there), ``wanted`` (what the release says),
``memory`` (what we last wrote), ``plan`` (pure: what to do about it), ``apply`` (doing it), ``sync`` (all of it).
"""
