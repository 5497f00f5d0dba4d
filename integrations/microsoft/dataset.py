"""What every data set tells about itself, so that one loop can sync them all.

A data set's first question is cheap and goes, with everybody else's, into one ``$batch``. Its reader gets
that answer and reads on from there, if there is more. To add one: write a file beside this one that ends
in a ``Dataset``, and list it in ``DATASETS`` of ``integrations/microsoft/datasets.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from integrations.domain.datasets import Reading
from shared.graph import Graph, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The first question: a path below /v1.0 with its options (without the dollar), and an item's form."""

    first: str
    query: Mapping[str, str] = field(default_factory=dict)
    page: type[msgspec.Struct]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set.

    ``is_core``: without it the tenant's sync has failed. ``read(graph, page, is_first)`` turns the answer to
    the first question, or to the kept link, into a Reading; ``is_first`` tells that no link was kept.
    """

    name: str
    is_core: bool
    permission: str
    record: type[msgspec.Struct]
    source: Source
    read: Callable[[Graph, Page[Any], bool], Reading]
