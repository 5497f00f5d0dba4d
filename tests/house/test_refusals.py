"""Entra's codes stand in one table; whoever wants to know what one means asks it."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.test_house import tracked
from tests.shared.sign_in.published import KNOWN_BESIDES, PUBLISHED

TABLE = "shared/sign_in/codes.py"
CODES = {str(it) for it in (*PUBLISHED, *KNOWN_BESIDES)}


@pytest.mark.xfail(strict=True, reason="A7: one table of codes used everywhere")
def test_entras_codes_stand_in_one_table(root: Path) -> None:
    shipped = tracked(root, "*.py", "integrations/portal/*.js")
    told = {it: _numbers(root / it) & CODES for it in shipped if it.startswith(("integrations/", "shared/"))}

    assert {name: sorted(found) for name, found in told.items() if found and name != TABLE} == {}
    assert len(told[TABLE]) == len(CODES)


def _numbers(path: Path) -> set[str]:
    """The numbers a file holds, as numbers or in its texts; comments do not count, nor do round limits."""
    text = path.read_text()
    if path.suffix != ".py":
        return set(re.findall(r"\d{5,8}", text))
    constants = [it.value for it in ast.walk(ast.parse(text)) if isinstance(it, ast.Constant)]
    telling = [it for it in constants if isinstance(it, str) or (isinstance(it, int) and it % 1000)]
    return {number for it in telling for number in re.findall(r"\d{5,8}", str(it))}
