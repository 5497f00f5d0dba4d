"""Entra's codes stand in one table; whoever wants to know what one means asks it."""

import ast
import re
from pathlib import Path

from tests.house.test_house import tracked
from tests.shared.microsoft.sign_in.published import KNOWN_BESIDES, PUBLISHED

TABLE = "shared/microsoft/sign_in/codes.py"
CODES = {str(it) for it in (*PUBLISHED, *KNOWN_BESIDES)}


def test_entras_codes_stand_in_one_table(root: Path) -> None:
    shipped = tracked(root, "*.py", "integrations/portal/*.js")
    told = {it: _numbers(root / it) & CODES for it in shipped if it.startswith(("integrations/", "shared/"))}

    assert {name: sorted(found) for name, found in told.items() if found and name != TABLE} == {}
    assert len(told[TABLE]) == len(CODES)


def _numbers(path: Path) -> set[str]:
    """The numbers a file holds, as numbers or in its texts; comments do not count, nor do round limits."""
    text = path.read_text()
    constants: list[object] = [text]
    if path.suffix == ".py":
        constants = [it.value for it in ast.walk(ast.parse(text)) if isinstance(it, ast.Constant)]
    found = {number for it in constants if isinstance(it, str | int) for number in re.findall(r"\d{5,8}", str(it))}
    return {it for it in found if path.match(TABLE) or not it.endswith("000")}
