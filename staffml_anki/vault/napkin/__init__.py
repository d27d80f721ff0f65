"""The arithmetic in napkin math: reading its lines, and saying which of them are wrong by value or by dimension.

``lines`` cuts a text into clauses, ``latex`` makes plain text of ``$…$``, ``tokens``, ``members`` and ``parser`` make
expressions of a clause, ``units`` and ``suffix`` know what the words behind a number mean, ``expression`` computes,
``chains`` judges with ``tolerance``, and ``verify`` does all that to a vault. Nothing here evaluates text in any
other way, and every loop is bounded by the length of a line.
"""
