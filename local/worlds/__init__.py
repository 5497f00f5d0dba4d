"""Named worlds the simulated cloud can start from: JSON files here, and worlds made by number.

A world is {"switches": {...}, "tenants": [{...}]}; a tenant holds the arguments of ``World.add_tenant``.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_NAMES = ("Contoso Dental", "Fabrikam Law", "Adventure Works", "Tailwind Traders", "Wingtip Toys", "Litware",
          "Proseware", "Woodgrove Bank", "Lucerne Publishing", "Alpine Ski House")  # fmt: skip


def names() -> list[str]:
    return sorted(path.stem for path in _files())


def named(name: str) -> dict[str, Any]:
    """The world of that name, or KeyError."""
    file = next((path for path in _files() if path.stem == name), None)
    if file is None:
        raise KeyError(f"there is no world {name}: {', '.join(names())}")
    world: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return world


def many_tenants(count: int, *, users: int = 10, devices: int = 5, seed: int = 1) -> dict[str, Any]:
    """A world of ``count`` different tenants of one size."""
    tenants = [
        {
            "name": f"{_NAMES[number % len(_NAMES)]} {number + 1}",
            "users": users,
            "devices": devices,
            "seed": seed * 100_000 + number,
        }
        for number in range(count)
    ]
    return {"tenants": tenants}


def _files() -> Iterable[Path]:
    return Path(__file__).parent.glob("*.json")
