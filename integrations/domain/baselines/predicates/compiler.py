"""Predicates of a baseline's file, checked and made ready to be judged.

A predicate is a table with one operator. Several of them are put together with

- ``{ all = [...] }``, ``{ any = [...] }``, ``{ not = {...} }``, and ``{ control = "ID" }``: another control is met;
- ``{ any_policy = {...} }`` (``policy_tests``).

Others ask something of a value: the one that ``path`` leads to, or the one that ``compute`` names (``COMPUTED``; its
arguments stand in ``with``). They are the ``COMPARISONS``, and ``{ path = ..., every = {...} }`` and ``some`` about
the items of a list, whose paths begin at the item (``.`` is the item itself). What a predicate compares with may be a
name: ``$sets.x`` of the file, ``$exclusions.users`` of the control, or ``$privileged_roles``.

Three answers exist: yes, no, and not known. A value that is absent is not known, unless ``absent`` says what it means:
"met", "not_met", or "default:x". ``{ present = true }`` asks whether it is there. With ``fails = "unknown"`` a no means
that it is not known. ``says`` tells a reader what a no means.
"""

from collections.abc import Callable, Mapping
from types import GenericAlias
from typing import Any, Final

from msgspec import UNSET

from integrations.domain.baselines.computed.registry import COMPUTED
from integrations.domain.baselines.errors import InvalidBaseline
from integrations.domain.baselines.paths import DATASETS, ITEM, MANY, NOT_SENT, Types, item_types, reader, types_at
from integrations.domain.baselines.predicates.foreign import CONDITIONS
from integrations.domain.baselines.predicates.judging import Judge, Scope, Seen, Table
from integrations.domain.baselines.predicates.operands import Names, Operand
from integrations.domain.baselines.predicates.policy_tests import PolicyTest, Term, core_id_of
from integrations.domain.baselines.predicates.values import COMPARISONS
from integrations.domain.baselines.tenant import Unknown

_OF_PREDICATES: Final = frozenset({"all", "any", "not"})
_TOGETHER: Final = frozenset({*_OF_PREDICATES, "control", "any_policy"})
_ABOUT_VALUES: Final = frozenset({*COMPARISONS, "every", "some", "present"})
_BESIDE: Final = frozenset({"path", "compute", "with", "absent", "fails", "says"})
_POLICY_KEYS: Final = frozenset({"source", "core", "terms", "asks", "accepts"})
_NO_CORE: Final[list[Table]] = []

Value = Callable[[Scope], Any]


class Compiler:
    """Makes predicates of one file ready; ``reads`` collects the data sets that they read."""

    def __init__(self, names: Names, cores: Mapping[str, list[Table]]) -> None:
        self._names = names
        self._cores = cores
        self.reads: set[str] = set()
        self.controls: set[str] = set()

    def compiled(self, table: Any, item: Types | None = None) -> Judge:
        """The predicate; ``item`` are the types of the item that its paths begin at.

        Raises:
            InvalidBaseline: it makes no sense.
        """
        operator = _operator_of(table)
        if operator in _TOGETHER:
            judge: Judge = getattr(self, f"_{operator}")(table[operator], item)
        else:
            judge = self._about_value(table, operator, item)
        says, is_unsure = table.get("says", ""), _is_unsure(table)
        knows_what_is_unknown = operator in _OF_PREDICATES and not says and not is_unsure
        return judge if knows_what_is_unknown else _saying(judge, says, is_unsure=is_unsure)

    def _all(self, tables: Any, item: Types | None) -> Judge:
        return _all_of([self.compiled(it, item) for it in _listed(tables)])

    def _any(self, tables: Any, item: Types | None) -> Judge:
        return _any_of([self.compiled(it, item) for it in _listed(tables)])

    def _not(self, table: Any, item: Types | None) -> Judge:
        inner = self.compiled(table, item)

        def judge(scope: Scope) -> bool | None:
            mark = len(scope.trace.failures)
            answer = inner(scope)
            del scope.trace.failures[mark:]
            return None if answer is None else not answer

        return judge

    def _control(self, control_id: Any, _item: Types | None) -> Judge:
        self.controls.add(control_id)
        return lambda scope: scope.judge_control(scope, control_id)

    def _any_policy(self, table: Any, _item: Types | None) -> Judge:
        _only(table, _POLICY_KEYS)
        source = table.get("source", "conditional_access")
        self.reads.add(source)
        core = self._cores.get(table["core"]) if "core" in table else _NO_CORE
        if core is None:
            raise InvalidBaseline(f"unknown core: {table['core']}")
        asks = table.get("asks", [])
        if unknown := set(asks) - CONDITIONS.keys():
            raise InvalidBaseline(f"unknown condition: {min(unknown)}")
        policy = (MANY[source],) if source in MANY else ()
        return PolicyTest(
            source=source,
            core=self._terms(core, policy),
            core_id=core_id_of(core, self._names.sets),
            terms=self._terms(_listed(table.get("terms", [])), policy),
            asks=frozenset(asks),
            accepts=frozenset(table.get("accepts", [])),
        )

    def _terms(self, tables: list[Table], policy: Types) -> list[Term]:
        return [Term(_said(it), self.compiled(it, policy)) for it in tables]

    def _about_value(self, table: Table, operator: str, item: Types | None) -> Judge:
        value, types = self._value(table, item)
        expected = table[operator]
        absent = _absent(table)
        if operator == "present":
            return _of_value(value, lambda _scope, _it: expected, not expected)
        if operator in {"every", "some"}:
            inner = self.compiled(expected, item_types(types) if types else (str,))
            return _of_value(value, _of_items(inner, is_every=operator == "every"), absent)
        operand, compare = Operand(expected, self._names), COMPARISONS[operator]
        return _of_value(value, operand.compared(compare), absent)

    def _value(self, table: Table, item: Types | None) -> tuple[Value, Types]:
        """What computes the value, and its types (none for a computed one)."""
        if ("path" in table) == ("compute" in table):
            raise InvalidBaseline("needs either a path or compute")
        if "compute" in table:
            return self._computed(table["compute"], table.get("with", {})), ()
        path: str = table["path"]
        if item is not None:
            names = () if path == ITEM else tuple(path.split("."))
            read = reader(*names)
            return (lambda scope: read(scope.item)), types_at(item, names)
        return self._from_root(*path.split("."))

    def _from_root(self, dataset: str, *names: str) -> tuple[Value, Types]:
        if dataset not in DATASETS:
            raise InvalidBaseline(f"unknown data set: {dataset}")
        self.reads.add(dataset)
        name, read = ".".join((dataset, *names)), reader(*names)

        def value(scope: Scope) -> Any:
            found = read(scope.tenant.root(dataset))
            scope.trace.seen.append(Seen(name, found))
            return found

        record = DATASETS[dataset]
        root: Types = (GenericAlias(list, record),) if dataset in MANY else (record,)
        return value, types_at(root, names)

    def _computed(self, name: str, arguments: Table) -> Value:
        computed = COMPUTED.get(name)
        if computed is None:
            raise InvalidBaseline(f"unknown value to compute: {name}")
        if set(arguments) - computed.arguments or computed.required - set(arguments):
            raise InvalidBaseline(f"{name} takes {', '.join(sorted(computed.arguments)) or 'nothing'}")
        self.reads |= computed.reads
        operands = {key: Operand(it, self._names) for key, it in arguments.items()}

        def value(scope: Scope) -> Any:
            found = computed.compute(scope, **{key: it(scope) for key, it in operands.items()})
            scope.trace.seen.append(Seen(computed.label, found))
            return found

        return value


def _operator_of(table: Any) -> str:
    if not isinstance(table, Mapping):
        raise InvalidBaseline(f"is no predicate: {table!r}")
    operators = [it for it in table if it not in _BESIDE]
    if unknown := [it for it in operators if it not in _TOGETHER | _ABOUT_VALUES]:
        raise InvalidBaseline(f"unknown operator: {unknown[0]}")
    if len(operators) != 1:
        raise InvalidBaseline(f"needs one operator: {dict(table)!r}")
    return str(operators[0])


def _only(table: Any, keys: frozenset[str]) -> None:
    if unknown := set(table) - keys:
        raise InvalidBaseline(f"unknown key: {min(unknown)}")


def _listed(tables: Any) -> list[Table]:
    if not isinstance(tables, list):
        raise InvalidBaseline("needs a list of predicates")
    return tables


def _said(table: Table) -> str:
    if not table.get("says"):
        raise InvalidBaseline("a term needs says")
    return str(table["says"])


def _is_unsure(table: Table) -> bool:
    if table.get("fails", "unknown") != "unknown":
        raise InvalidBaseline('fails can only be "unknown"')
    return "fails" in table


def _absent(table: Table) -> Any:
    """What an absent value means: True, False, UNSET (not known), or a value in a tuple of one."""
    meaning: str = table.get("absent", "")
    if meaning.startswith("default:"):
        return (meaning.removeprefix("default:"),)
    if meaning not in {"", "met", "not_met"}:
        raise InvalidBaseline(f"absent cannot be {meaning}")
    return {"": UNSET, "met": True, "not_met": False}[meaning]


def _all_of(judges: list[Judge]) -> Judge:
    def judge(scope: Scope) -> bool | None:
        answers = []
        for it in judges:
            answer = it(scope)
            if answer is False:
                return False
            answers.append(answer)
        return None if None in answers else True

    return judge


def _any_of(judges: list[Judge]) -> Judge:
    """Yes if one is; one that nothing narrows is preferred."""

    def judge(scope: Scope) -> bool | None:
        trace = scope.trace
        failures, narrowed = len(trace.failures), len(trace.narrowed)
        answers = []
        for it in judges:
            before = len(trace.narrowed)
            answers.append(it(scope))
            if answers[-1] and len(trace.narrowed) == before:
                del trace.narrowed[narrowed:]
                break
        if True in answers:
            del trace.failures[failures:]
            return True
        return None if None in answers else False

    return judge


def _saying(judge: Judge, says: str, *, is_unsure: bool) -> Judge:
    """The same; something that is not known becomes an answer, and a no gets its reason."""

    def judged(scope: Scope) -> bool | None:
        try:
            answer = judge(scope)
        except Unknown as unknown:
            scope.trace.unknown.append(unknown)
            return None
        if answer is False and is_unsure:
            scope.trace.unknown.append(Unknown(says or "Its value is not understood."))
            return None
        if answer is False and says:
            scope.trace.failures.insert(0, says)
        return answer

    return judged


def _of_value(value: Value, judge: Callable[[Scope, Any], bool | None], absent: Any) -> Judge:
    def judged(scope: Scope) -> bool | None:
        found = value(scope)
        if found is NOT_SENT or (found is UNSET and absent is UNSET):
            raise _not_sent()
        if found is UNSET and isinstance(absent, bool):
            return absent
        answer = judge(scope, absent[0] if found is UNSET else found)
        if answer is None:
            scope.trace.unknown.append(Unknown("A value that decides about it is not understood."))
        return answer

    return judged


def _not_sent() -> Unknown:
    return Unknown("Microsoft did not send a value that decides about it.")


def _of_items(inner: Judge, *, is_every: bool) -> Callable[[Scope, Any], bool | None]:
    def judge(scope: Scope, items: Any) -> bool | None:
        if not isinstance(items, list):
            return None
        answers = {inner(scope.of(it)) for it in items}
        if (not is_every) in answers:
            return not is_every
        return None if None in answers else is_every

    return judge
