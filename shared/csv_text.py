"""CSV for people who open it in a spreadsheet: RFC 4180, and no cell that a spreadsheet would take for a formula.

Source: RFC 4180; https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
from collections.abc import Iterable, Sequence

CSV = "text/csv; charset=utf-8; header=present"
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width ones count as well


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A header and rows, every cell in quotes; what begins like a formula gets an apostrophe in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """The cell as a spreadsheet shows it and never runs it; NUL, which ends a text for some readers, is left out."""
    kept = cell.replace("\x00", "")
    return f"'{kept}" if kept.lstrip(" ").startswith(_BEGINS_FORMULA) else kept


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
