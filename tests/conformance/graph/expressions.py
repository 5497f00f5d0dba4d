"""Names that OData expressions use: which properties a $filter, $orderby, $select or $expand speaks of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<text>'(?:[^']|'')*')
    | (?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})
    | (?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_@$][\w.@$]*(?:/[A-Za-z_@$][\w.@$]*)*)
    | (?P<mark>[(),:])
    | (?P<space>\s+)
    """,
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "has", "true", "false", "null"})
_FUNCTIONS = frozenset({"startswith", "endswith", "contains", "tolower", "toupper", "length", "any", "all"})
_ADVANCED = frozenset({"ne", "not", "endswith"})


class Unreadable(Exception):
    """The expression is not OData."""


@dataclass(frozen=True)
class Filter:
    """A $filter: the property paths it compares, whether it needs advanced queries, and its equalities with texts."""

    paths: tuple[str, ...]
    is_advanced: bool
    words: tuple[str, ...]


@dataclass(frozen=True)
class Expanded:
    """One item of $expand, with the options in its brackets."""

    name: str
    options: str = ""


def read_filter(text: str) -> Filter:
    """Take a $filter apart.

    Raises:
        Unreadable: a character that has no business there, or brackets that do not match.
    """
    tokens = list(_tokens(text))
    if [kind for kind, _ in tokens].count("(") != [kind for kind, _ in tokens].count(")"):
        raise Unreadable(text)
    words, lambdas, paths = [], _lambdas(tokens), []
    for place, (kind, value) in enumerate(tokens):
        if kind != "name":
            continue
        following = tokens[place + 1][0] if place + 1 < len(tokens) else ""
        if value.lower() in _WORDS or (following == "(" and value.lower() in _FUNCTIONS):
            words.append(value.lower())
        elif following != ":":
            paths.append(_unfolded(value, lambdas, following))
    return Filter(tuple(paths), bool(_ADVANCED & set(words)), tuple(words))


def read_names(text: str) -> list[str]:
    """The names of a comma-separated list; empty places stay, they are a fault."""
    return [name.strip() for name in text.split(",")]


def read_orderby(text: str) -> list[str]:
    """The property paths of $orderby, without their directions."""
    names = []
    for part in read_names(text):
        name, _, direction = part.partition(" ")
        if direction.strip() not in {"", "asc", "desc"}:
            raise Unreadable(text)
        names.append(name)
    return names


def read_expand(text: str) -> list[Expanded]:
    """manager($select=id),registeredOwners: commas inside brackets do not part."""
    found, depth, start = [], 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            name, _, rest = text[start:place].strip().partition("(")
            found.append(Expanded(name.strip(), rest.removesuffix(")")))
            start = place + 1
    if depth:
        raise Unreadable(text)
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise Unreadable(text)
        place = found.end()
        kind = found.lastgroup or ""
        if kind != "space":
            yield (found[0] if kind == "mark" else kind), found[0]


def _lambdas(tokens: list[tuple[str, str]]) -> dict[str, str]:
    """proxyAddresses/any(p:startswith(p,'smtp')) names p for an item of proxyAddresses."""
    found = {}
    for (_, before), (bracket, _), (kind, variable), (colon, _) in zip(
        tokens, tokens[1:], tokens[2:], tokens[3:], strict=False
    ):
        if bracket == "(" and kind == "name" and colon == ":":
            found[variable] = before.rpartition("/")[0]
    return found


def _unfolded(path: str, lambdas: dict[str, str], following: str) -> str:
    """A path from the item's root: lambda variables replaced, the quantifier at its end removed."""
    first, slash, rest = path.partition("/")
    if first in lambdas:
        path = lambdas[first] + slash + rest
    last = path.rpartition("/")[2].lower()
    return path.rpartition("/")[0] if following == "(" and last in {"any", "all", "$count"} else path
