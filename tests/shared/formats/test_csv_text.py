"""CSV after RFC 4180, without formulas, and the Accept headers that prefer it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.csv_text import csv_text, escape_cell, prefers_csv
from tests.csv_cells import DEFUSED, LEFT, formulas


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_whatever_stands_in_a_cell_comes_back_and_begins_no_formula(rows: list[list[str]]) -> None:
    text = csv_text(["a", "b"], rows).decode(errors="surrogatepass") if _encodable(rows) else ""
    if not text:
        return

    read = list(csv.reader(io.StringIO(text, newline="")))

    assert read == [["a", "b"], *([escape_cell(cell) for cell in row] for row in rows)]
    for row, read_row in zip(rows, read[1:], strict=True):
        for cell, shown in zip(row, read_row, strict=True):
            assert shown.replace("'", "") == cell.replace("\x00", "").replace("'", "")
            assert formulas(shown) == []


def _encodable(rows: list[list[str]]) -> bool:
    return all(cell.isprintable() or cell.encode("utf-8", "ignore").decode() == cell for row in rows for cell in row)


def test_lines_end_as_rfc_4180_says_and_every_cell_is_in_quotes() -> None:
    assert csv_text(["a"], [['say "x"'], ["1,2\n3"]]) == b'"a"\r\n"say ""x"""\r\n"1,2\n3"\r\n'


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", " =1", "\x00=1", "＝1", "＠a"])  # noqa: RUF001
def test_what_begins_a_formula_is_shown_and_not_run(cell: str) -> None:
    assert escape_cell(cell).startswith("'")
    assert escape_cell(cell).replace("'", "") == cell.replace("\x00", "")
    assert formulas(escape_cell(cell)) == []


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("application/json;q=0.5, text/csv", True),
        ("text/csv;q=0.9, application/json;q=0.1", True),
        ("", False),
        ("*/*", False),
        ("text/csv, application/json", False),
        ("text/csv;q=0", False),
        ("text/csv;q=much", False),
        ("text/html", False),
    ],
)
def test_csv_is_for_those_who_prefer_it(accept: str, wanted: bool) -> None:
    assert prefers_csv(accept) is wanted


def test_a_formula_behind_what_a_spreadsheet_skips_or_splits_at_is_shown_and_not_run() -> None:
    assert [cell for cell in DEFUSED if formulas(escape_cell(cell)) or escape_cell(cell) == cell] == []
    assert [cell for cell in DEFUSED if escape_cell(cell).replace("'", "") != cell] == []


def test_what_begins_no_formula_is_left_as_it_is() -> None:
    assert [cell for cell in LEFT if escape_cell(cell) != cell] == []
