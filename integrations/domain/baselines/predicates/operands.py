"""What a predicate compares with: a value, or a name that stands for one."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from integrations.domain.baselines.errors import InvalidBaseline
from integrations.domain.baselines.predicates.judging import Scope
from integrations.domain.baselines.tenant import Exclusions

_EXCLUSIONS = frozenset(it.name for it in msgspec.structs.fields(Exclusions))


class Names(NamedTuple):
    """The names that a file gives to values, and the exclusions that the control may use."""

    sets: Mapping[str, Any]
    exclusions: frozenset[str]


class Operand:
    """A value of a baseline's file; ``$name`` is looked up, exclusions and privileged roles when it is judged.

    Raises:
        InvalidBaseline: the name is not known, or the control does not list the exclusion.
    """

    def __init__(self, source: Any, names: Names) -> None:
        self._value = source
        self._exclusion = ""
        self._is_roles = source == "$privileged_roles"
        if isinstance(source, str) and source.startswith("$") and not self._is_roles:
            self._look_up(source, names)

    def _look_up(self, source: str, names: Names) -> None:
        kind, _, name = source.removeprefix("$").partition(".")
        if kind == "sets" and name in names.sets:
            self._value = names.sets[name]
        elif kind == "exclusions" and name in names.exclusions & _EXCLUSIONS:
            self._exclusion = name
        else:
            raise InvalidBaseline(f"unknown name: {source}")

    def compared(self, compare: Callable[[Any, Any], bool | None]) -> Callable[[Scope, Any], bool | None]:
        """What compares a value with it."""
        if self._exclusion or self._is_roles:
            return lambda scope, value: compare(value, self(scope))
        constant = self._value
        return lambda _scope, value: compare(value, constant)

    def __call__(self, scope: Scope) -> Any:
        if self._exclusion:
            return getattr(scope.exclusions, self._exclusion)
        return scope.privileged_roles if self._is_roles else self._value
