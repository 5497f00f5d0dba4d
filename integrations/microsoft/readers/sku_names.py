"""Display names of licences by SKU id, from Microsoft's published list (copy of 2026-07-29).

Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
"""

from functools import cache
from pathlib import Path

import msgspec

_FILE = Path(__file__).with_name("sku-names.json")


def name_of(sku_id: str) -> str | None:
    """The product's name; None for a SKU that is not in the list."""
    return _names().get(sku_id.lower())


@cache
def _names() -> dict[str, str]:
    return msgspec.json.decode(_FILE.read_bytes(), type=dict[str, str])
