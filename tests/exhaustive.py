"""Cases of which some are enough every day; `make exhaustive` tries the others, too."""

import os
from typing import Any

import pytest

IS_FULL = os.environ.get("FULL", "") not in {"", "0"}


def exhaustive(*cases: Any) -> list[Any]:
    """Further cases of ``pytest.mark.parametrize``, each a value, or a tuple of the values of one case."""
    return [pytest.param(*(it if isinstance(it, tuple) else (it,)), marks=pytest.mark.exhaustive) for it in cases]
