"""Rules with one small mistake each, made from the files of the baselines: does some case notice?

A term is dropped, a comparison turned round, a set widened or narrowed, a bound moved. ``python -m
tests.baselines.mutants`` prints the share that the cases notice, and what they do not.
"""

import copy
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from integrations.domain.baselines.catalogue import Catalogue, _control, catalogue
from integrations.domain.baselines.errors import InvalidBaseline
from integrations.domain.baselines.tenant import BaselineProfile, Inputs, JudgedTenant
from integrations.domain.baselines.verdicts import ControlVerdict, Judging
from integrations.services import LOG_FIELDS
from shared.telemetry.fields import register_fields
from tests.baselines.cases import CASES
from tests.baselines.cases.case import Case
from tests.baselines.recorded import Recorded, read
from tests.baselines.tenants import changed, good

FILES = Path(__file__).parents[2] / "integrations" / "baselines"
_TURNED = {"eq": "in", "le": "ge", "ge": "le", "subset": "superset", "superset": "subset", "disjoint": "subset",
           "every": "some", "some": "every"}  # fmt: skip
# Mistakes that change no verdict.
EXPLAINED = {
    r"scuba: \.any_policy\.(asks|accepts) ": "ScubaGear's profile takes a narrowed policy for a whole one; "
    "only what is said of the policy changes",
    r"MS\.AAD\.3\.7v1 met: \.any_policy\.accepts with mfa": "a third requirement does not meet this control anyway",
    r"MS\.AAD\.7\.[4-9]v1: without license": "what it reads is not there without the licence either",
}
_RULES = ("applies", "met", "scuba")
_WORDS = {"says"}
# What a set is widened by, by one of its members: something that must not be in it.
_STRANGERS: dict[Any, Any] = {
    "limited": "as members", "adminsAndGuestInviters": "everyone", "allow": "unknown", "block": "mfa",
    "migrationComplete": "preMigration", "fido2": "password,sms", 2147483647: 90, "compliantDevice": "mfa",
    "deviceBasedPush": "password,moonStone",
    "mfa": "compliantDevice", "authentication strength": "mfa",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A file with one mistake; ``controls`` are those that it may change."""

    name: str
    controls: tuple[str, ...]
    file: Mapping[str, Any]


def mutants() -> Iterator[Mutant]:
    for path in sorted(FILES.glob("*.toml")):
        file = tomllib.loads(path.read_text())
        yield from _of_controls(file)
        yield from _of_cores(file)
        yield from _of_sets(file)


def _of_controls(file: dict[str, Any]) -> Iterator[Mutant]:
    for number, table in enumerate(file["control"]):
        for rule in _RULES:
            for what, mutated in _mutated(table[rule]) if rule in table else ():
                made = copy.copy(file)
                made["control"] = [*file["control"]]
                made["control"][number] = {**table, rule: mutated}
                yield Mutant(f"{table['id']} {rule}: {what}", (table["id"],), made)
        for key in ("license", "applies", "no_clouds"):
            if key in table:
                made = copy.copy(file)
                made["control"] = [*file["control"]]
                made["control"][number] = {name: it for name, it in table.items() if name != key}
                yield Mutant(f"{table['id']}: without {key}", (table["id"],), made)


def _of_cores(file: dict[str, Any]) -> Iterator[Mutant]:
    for name, core in file.get("cores", {}).items():
        users = tuple(it["id"] for it in file["control"] if f"'core': '{name}'" in repr(it))
        for what, terms in _mutated(core["terms"]):
            yield Mutant(f"core {name}: {what}", users, {**file, "cores": {**file["cores"], name: {"terms": terms}}})


def _of_sets(file: dict[str, Any]) -> Iterator[Mutant]:
    for name, values in file.get("sets", {}).items():
        users = tuple(it["id"] for it in file["control"] if f"$sets.{name}" in repr(it))
        for what, changed_set in _lists(values) if name != "risky_permissions" else ():
            yield Mutant(f"set {name}: {what}", users, {**file, "sets": {**file["sets"], name: changed_set}})


def _mutated(here: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that can be wrong in one place of a rule."""
    if isinstance(here, list):
        yield from _of_list(here, at)
    elif isinstance(here, dict):
        yield from _of_table(here, at)
    elif isinstance(here, bool):
        yield f"{at} is {not here}", not here
    elif isinstance(here, int):
        yield f"{at} is {here + 1}", here + 1
        yield f"{at} is {here - 1}", here - 1


def _of_list(here: list[Any], at: str) -> Iterator[tuple[str, Any]]:
    if here and isinstance(here[0], dict):
        for number, it in enumerate(here):
            label = f"{at}[{number}]"
            if len(here) > 1:
                yield f"{label} dropped", here[:number] + here[number + 1 :]
            for what, mutated in _mutated(it, label):
                yield what, [*here[:number], mutated, *here[number + 1 :]]
    else:
        yield from ((f"{at} {what}", mutated) for what, mutated in _lists(here))


def _lists(here: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for it in here:
        yield f"without {it}", [other for other in here if other != it]
    stranger = next((_STRANGERS[it] for it in here if it in _STRANGERS and _STRANGERS[it] not in here), "a stranger")
    yield f"with {stranger}", [*here, stranger]


def _of_table(here: dict[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for key, value in here.items():
        rest = {name: it for name, it in here.items() if name != key}
        if key in _TURNED:
            turned = [value] if key == "eq" and not isinstance(value, list) else value
            other = {**rest, _TURNED[key]: turned}
            yield f"{at}.{key} is {_TURNED[key]}", other if key != "eq" else {"not": here}
        if key in {"absent", "fails"}:
            yield f"{at} without {key}", rest
        if key == "absent" and value in {"met", "not_met"}:
            yield f"{at}.absent turned round", {**rest, "absent": "met" if value == "not_met" else "not_met"}
        if key == "not":
            yield f"{at} without not", value
        if key == "all":
            yield f"{at} any instead of all", {**rest, "any": value}
        if key == "any":
            yield f"{at} all instead of any", {**rest, "all": value}
        if key not in _WORDS and not (key == "path" or isinstance(value, str)):
            for what, mutated in _mutated(value, f"{at}.{key}"):
                yield what, {**here, key: mutated}


class Cases:
    """All cases, read once, and what the right rules say of them; the tenant that meets everything is one of each."""

    def __init__(self) -> None:
        register_fields(LOG_FIELDS)
        self._recorded: dict[int, Recorded] = {}
        self._good = read(good())
        self._by_control: dict[str, list[Case]] = defaultdict(list)
        for it in CASES:
            self._by_control[it.control].append(it)
        asking = {it.id: it.asks_about for it in catalogue().controls.values()}
        self._asking = {key: [other for other, asked in asking.items() if key in asked] for key in asking}

    def notice(self, mutant: Mutant) -> bool:
        """Whether some case has another verdict than it should; a file that does not load is noticed."""
        try:
            mistaken = _with(mutant)
        except InvalidBaseline:
            return True
        return any(self._notices(mistaken, key) for it in mutant.controls for key in (it, *self._asking[it]))

    def _notices(self, mistaken: Catalogue, control: str) -> bool:
        right = catalogue()
        return any(
            self._verdict(mistaken, control, case, profile) is not self._verdict(right, control, case, profile)
            for case in (None, *self._by_control[control])
            for profile in BaselineProfile
        )

    def _verdict(
        self, baselines: Catalogue, control: str, case: Case | None, profile: BaselineProfile
    ) -> ControlVerdict:
        if case is None:
            return _judged(baselines, control, self._good, Inputs(profile=profile))
        if id(case) not in self._recorded:
            self._recorded[id(case)] = read(changed(*case.changes))
        exclusions = {control: case.exclusions} if case.exclusions else {}
        inputs = Inputs(
            profile=profile, exclusions=exclusions, cloud=case.cloud, privileged_roles=case.privileged_roles
        )
        return _judged(baselines, control, self._recorded[id(case)], inputs)


def _judged(baselines: Catalogue, control: str, recorded: Recorded, inputs: Inputs) -> ControlVerdict:
    judging = Judging(baselines, JudgedTenant(recorded, inputs))
    return judging.finding(baselines.controls[control]).verdict


def _with(mutant: Mutant) -> Catalogue:
    ids = {it["id"] for it in mutant.file["control"]}
    tables = {it["id"]: it for it in mutant.file["control"] if it["id"] in mutant.controls}
    made = {key: _control(table, mutant.file, ids) for key, table in tables.items()}
    return replace(catalogue(), controls={**catalogue().controls, **made})


def survivors() -> tuple[list[str], int]:
    """The mistakes that no case notices, and how many were made."""
    cases, every = Cases(), list(mutants())
    return [it.name for it in every if not cases.notice(it)], len(every)


if __name__ == "__main__":
    unnoticed, count = survivors()
    lines = [*unnoticed, f"{count - len(unnoticed)} of {count} mistakes are noticed ({1 - len(unnoticed) / count:.1%})"]
    sys.stdout.write("\n".join((*lines, "")))
