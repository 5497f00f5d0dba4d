"""CSV for spreadsheets: RFC 4180, without cells that a spreadsheet would run as a formula.

Source: RFC 4180; https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

CSV = "text/csv; charset=utf-8; header=present"
# Characters that spreadsheets skip before the sign of a formula; full-width signs count as well. Some spreadsheets
# split a cell at separators in spite of its quotes. Code that writes CSV elsewhere must follow the same rule.
_SKIPPED_CHARACTERS = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_FORMULA_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA_AT_START = re.compile(rf"[\t\r\n]|[{_SKIPPED_CHARACTERS}]*{_FORMULA_SIGN}")
_FORMULA_AFTER_SEPARATOR = re.compile(rf"([;\t\r\n])(?=[{_SKIPPED_CHARACTERS}]*{_FORMULA_SIGN})")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A header and rows as CSV in UTF-8, with all cells in quotes and formulas escaped."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([escape_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def escape_cell(cell: str) -> str:
    """The cell with an apostrophe wherever a formula would begin: at its start, and after separators.

    NUL is left out, since it ends the text for some programs.
    """
    escaped = _FORMULA_AFTER_SEPARATOR.sub(r"\1'", cell.replace("\x00", ""))
    return f"'{escaped}" if _FORMULA_AT_START.match(escaped) else escaped


def prefers_csv(accept: str) -> bool:
    """Whether an Accept header prefers CSV to JSON; without a preference it does not."""
    quality_of = {"text/csv": 0.0, "application/json": 0.0}
    for part in accept.lower().split(","):
        kind, *parameters = (it.strip() for it in part.split(";"))
        if kind in quality_of:
            quality_of[kind] = next((_quality(it) for it in parameters if it.startswith("q=")), 1.0)
    return quality_of["text/csv"] > quality_of["application/json"]


def _quality(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
