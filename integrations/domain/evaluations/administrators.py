"""Who has directory roles, and whether they have registered for MFA.

Role assignments are few and are read each time, as are groups that have roles. Of the registrations, which may be a
hundred thousand, only changed ones are read, unless somebody has become an administrator.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.security.posture import Administrator, Holding, administrator_of, holdings
from integrations.domain.sync.changed_keys import ALL, Keys
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.groups import reachable
from integrations.domain.sync.records import Group
from integrations.domain.sync.security_records import Registration, RegistrationPage, RoleMember

_ROLES, _GROUPS, _REGISTRATIONS = "roles", "groups", "registrations"


class AdministratorRow(Administrator, frozen=True, kw_only=True, omit_defaults=True):
    """An administrator as stored; ``registered_in`` is the key of the row that holds their registration."""

    registered_in: str | None = None


class _RegistrationInRow(NamedTuple):
    """Somebody's registration, and the key of its row."""

    key: str
    registration: Registration


def _evaluate(source: RowSource, changes: Changes) -> Result:
    members = [it for _, it in source.rows(_ROLES, RoleMember)]
    roots = {it.member_id for it in members if it.kind == "group"}
    groups = reachable(partial(_find_groups, source), roots)
    held = holdings(members, groups)
    rows = _updated(source, changes[_REGISTRATIONS], held)
    records = [Record(key=it.user_id, body=it) for it in rows]
    return Result(Reading(records=records, is_complete=True))


def _find_groups(source: RowSource, keys: Iterable[str]) -> Mapping[str, Group]:
    return source.find(_GROUPS, sorted(keys), Group)


def _updated(source: RowSource, keys: Keys, held: Mapping[str, Holding]) -> list[AdministratorRow]:
    """A row for everybody who has a role; registrations are read again where they may have changed."""
    before = {} if keys is ALL else dict(source.derived(AdministratorRow))
    if keys is ALL or held.keys() - before.keys():
        known = _registrations(source.rows(_REGISTRATIONS, RegistrationPage), held)
        return [_row(user_id, it, known.get(user_id)) for user_id, it in held.items()]
    changed = _registrations(source.find(_REGISTRATIONS, keys, RegistrationPage).items(), held)
    return [_kept_or_new(user_id, it, before[user_id], changed.get(user_id), keys) for user_id, it in held.items()]


def _registrations(
    pages: Iterable[tuple[str, RegistrationPage]], held: Mapping[str, Holding]
) -> dict[str, _RegistrationInRow]:
    return {it.user_id: _RegistrationInRow(key, it) for key, page in pages for it in page.people if it.user_id in held}


def _kept_or_new(
    user_id: str,
    holding: Holding,
    before: AdministratorRow,
    registered: _RegistrationInRow | None,
    changed: frozenset[str],
) -> AdministratorRow:
    """The row with the registration that was just read, or else with the earlier one, which has not changed."""
    if registered is not None or before.registered_in is None or before.registered_in in changed:
        return _row(user_id, holding, registered)
    now = _row(user_id, holding, None)
    return msgspec.structs.replace(
        now, name=before.name, username=before.username, has_mfa=before.has_mfa, registered_in=before.registered_in
    )


def _row(user_id: str, holding: Holding, registered: _RegistrationInRow | None) -> AdministratorRow:
    administrator = administrator_of(user_id, holding, registered.registration if registered else None)
    return AdministratorRow(
        **msgspec.structs.asdict(administrator), registered_in=registered.key if registered else None
    )


ADMINISTRATORS = Evaluation(
    name="administrators",
    needs=frozenset({_ROLES, _GROUPS, _REGISTRATIONS}),
    version=1,
    evaluate=_evaluate,
)
