"""$filter, as far as directory objects need it: comparisons, startswith, endswith, in, and, or, not, brackets.

Source: https://learn.microsoft.com/graph/filter-query-parameter
"""

import operator
import re
from collections.abc import Callable
from typing import Any

from local.microsoft.graph.protocol.errors import GraphError, unsupported
from local.microsoft.graph.protocol.request import GraphRequest

Predicate = Callable[[dict[str, Any]], bool]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([(),])|([^\s(),']+))")
_ORDERED = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
_CALLS: dict[str, Callable[[str, str], bool]] = {"startswith": str.startswith, "endswith": str.endswith}


def predicate(request: GraphRequest, named: Callable[[str], str]) -> Predicate:
    """The predicate of the request's $filter; ``named`` gives a property in Graph's spelling.

    Raises:
        GraphError: it cannot be parsed, or uses what only advanced queries support.
    """
    parser = _Parser(request.options["$filter"], named)
    test = parser.parse()
    if parser.is_advanced and not request.is_advanced:
        raise unsupported("Operator is not supported without ConsistencyLevel: eventual and $count=true.")
    return test


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str, named: Callable[[str], str]) -> None:
        self._words: list[str] = [next(part for part in found if part) for found in _TOKEN.findall(text)]
        self._named = named
        self.is_advanced = False

    def parse(self) -> Predicate:
        test = self._disjunction()
        if self._words:
            raise _unreadable()
        return test

    def _disjunction(self) -> Predicate:
        tests = [self._conjunction()]
        while self._next_is("or"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda entity: any(test(entity) for test in tests)

    def _conjunction(self) -> Predicate:
        tests = [self._unary()]
        while self._next_is("and"):
            tests.append(self._unary())
        return tests[0] if len(tests) == 1 else lambda entity: all(test(entity) for test in tests)

    def _unary(self) -> Predicate:
        if self._next_is("not"):
            self.is_advanced = True
            negated = self._unary()
            return lambda entity: not negated(entity)
        if self._next_is("("):
            test = self._disjunction()
            self._expect(")")
            return test
        word = self._take()
        return self._call(_CALLS[word.lower()], word) if word.lower() in _CALLS else self._comparison(word)

    def _call(self, matches: Callable[[str, str], bool], word: str) -> Predicate:
        self.is_advanced |= word.lower() == "endswith"
        self._expect("(")
        name = self._named(self._take())
        self._expect(",")
        part = str(_value(self._take())).lower()
        self._expect(")")
        return lambda entity: matches(str(entity.get(name) or "").lower(), part)

    def _comparison(self, word: str) -> Predicate:
        name, sign = self._named(word), self._take().lower()
        if sign == "in":
            values = self._list()
            return lambda entity: entity.get(name) in values
        value = _value(self._take())
        if sign == "eq":
            return lambda entity: _same(entity.get(name), value)
        if sign == "ne":
            self.is_advanced = True
            return lambda entity: not _same(entity.get(name), value)
        if sign not in _ORDERED:
            raise _unreadable()
        compare = _ORDERED[sign]
        return lambda entity: entity.get(name) is not None and compare(entity[name], value)

    def _list(self) -> list[Any]:
        self._expect("(")
        values = [_value(self._take())]
        while self._next_is(","):
            values.append(_value(self._take()))
        self._expect(")")
        return values

    def _take(self) -> str:
        if not self._words:
            raise _unreadable()
        return self._words.pop(0)

    def _next_is(self, word: str) -> bool:
        if self._words and self._words[0].lower() == word:
            self._words.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._next_is(word):
            raise _unreadable()


def _value(word: str) -> Any:
    constants = {"true": True, "false": False, "null": None}
    if word.lower() in constants:
        return constants[word.lower()]
    return word[1:-1].replace("''", "'") if word.startswith("'") else word


def _same(stored: Any, expected: Any) -> bool:
    """Graph compares texts without regard to case."""
    if isinstance(stored, str) and isinstance(expected, str):
        return stored.lower() == expected.lower()
    return bool(stored == expected)


def _unreadable() -> GraphError:
    return unsupported("Unsupported or invalid query filter clause specified.")
