"""CSV for people who open it in a spreadsheet: RFC 4180, and no cell that a spreadsheet would take for a formula.

Source: RFC 4180; https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

CSV = "text/csv; charset=utf-8; header=present"
# The rule of server and page (integrations/portal/csv.js): what a reader skips before a formula's sign, and where some
# split a cell in spite of its quotes. Full-width signs count as well.
_SKIPPED = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_BEGINS = re.compile(rf"[\t\r\n]|[{_SKIPPED}]*{_SIGN}")
_SPLITS = re.compile(rf"([;\t\r\n])(?=[{_SKIPPED}]*{_SIGN})")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A header and rows, every cell in quotes; what begins like a formula gets an apostrophe in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """The cell as a spreadsheet shows it and never runs it; NUL, which ends a text for some readers, is left out.

    An apostrophe stands wherever a formula would begin: before the cell, and behind what readers split at.
    """
    kept = _SPLITS.sub(r"\1'", cell.replace("\x00", ""))
    return f"'{kept}" if _BEGINS.match(kept) else kept


def prefers_csv(accept: str) -> bool:
    """Whether an Accept header asks for CSV rather than JSON; without a clear word it does not."""
    wanted = {"text/csv": 0.0, "application/json": 0.0}
    for part in accept.lower().split(","):
        kind, *parameters = (it.strip() for it in part.split(";"))
        if kind in wanted:
            wanted[kind] = next((_quality(it) for it in parameters if it.startswith("q=")), 1.0)
    return wanted["text/csv"] > wanted["application/json"]


def _quality(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
