"""Cells that a spreadsheet may take for a formula, and cells that it does not: one table for server and page."""

import re

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"  # the last four are the full-width ones
_BEFORE = [
    "", " ", "   ", "\t", "\r", "\n", "\r\n", " \t ", ";", "; ", " ;", ";;", "\u00a0", "\u3000", "\ufeff", "\u200b",
    "\u2003;", "\v", "\f", "\x85", "\u2028", "a;", "Acme; ", "a\t", "a\n", "a\r", "a\r\n", "a;\u3000", "a;\u200b",
]  # fmt: skip

# What a formula may stand behind: all that readers of the file skip, or split at in spite of the quotes.
DEFUSED = [f"{before}{sign}1+cmd" for before in _BEFORE for sign in SIGNS] + ["-", "=", "\uff0d", "\t", "\r", "\nx"]
LEFT = [
    "", " ", "a", "Contoso", "Contoso Ltd.", "a=b", "a+b", "a-b", "a - b", "me@contoso.example", "1-2", "O'Neil",
    'say "x"', "'=1", "Acme; Sons", "a, -b", "[1,-2]", "2026-11-28T13:00:00Z", "99999999-9999-4999-8999-999999999999",
    "\u00e9\u4e2d\u6587", "\U0001f525", ";", "; ", "a;b", "a\nb", "a\tb", "5", "a;'=1",
]  # fmt: skip


def formulas(cell: str) -> list[str]:
    """What a spreadsheet would run of a cell, wherever it splits and whatever it skips."""
    parts = [cell, *re.split(r"[;\t\r\n]", cell)]
    return [part for part in parts if re.match(rf"[\s\x00-\x1f\u200b\ufeff]*[{re.escape(SIGNS)}]", part)]
