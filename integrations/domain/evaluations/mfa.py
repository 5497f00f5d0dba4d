"""Whether MFA protects each person of a tenant, why, and since when.

There is a row for everybody, which only changes when the verdict or its reasons do. Its kind says how it is counted
(``mfa_counts``), so that the cursor has the counts. A change of a user or a registration decides about that person
again, and so does one of a mailbox; a change of what all have in common decides about everybody.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.evaluations.mfa_inputs import NEEDS, REGISTRATIONS, USERS, MfaRegistration, MfaTenant
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.mfa_causes import MfaCause, most_telling, registration_cause
from integrations.domain.security.mfa_counts import kind_of_person
from integrations.domain.security.mfa_decision import MfaDecision, MfaDecisions, MfaInputs, MfaMode
from integrations.domain.security.mfa_policies import MfaCoverage
from integrations.domain.security.policy_people import SignedInPerson, signed_in_person
from integrations.domain.security.protection import (
    CountedAs,
    Enrolled,
    Enrollment,
    Protection,
    counted_as,
    enrolled,
    home_mfa_accepted,
    protection,
)
from integrations.domain.sync.changed_keys import ALL
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import User
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData, is_room

MOST_CAUSES = 10


class MfaRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about the MFA of one person.

    Accounts that surely belong to rooms or equipment are no people; where mailboxes could not be read, nobody knows.

    Attributes:
        user_id: The user's object id.
        name: The name that Microsoft shows.
        username: The user principal name. Null if Microsoft does not give it.
        is_administrator: Whether they have a directory role, directly or through a group. Null if it is not known.
        counted_as: Among whom they are counted.
        registered: Whether they have registered a method of MFA.
        capable: Whether they have registered one that they are allowed to use.
        required: Whether MFA is required of them at any ordinary sign-in.
        coverage: Whether it is required at all sign-ins, some, or none.
        mode: How it is required. Null where it is not, or not for sure.
        protection: What has to be done about it.
        gap: The first sign-ins at which it is not required, in words. Null where it is required.
        causes: What requires it, or why nothing does: what matters most comes first.
        more_causes: How many causes are left out.
        since: Since when all of this has been so, apart from names, the gap and the causes.
    """

    user_id: str
    name: str
    username: str | None
    is_administrator: bool | None
    counted_as: CountedAs
    registered: Enrollment
    capable: Enrollment
    required: Certainty
    coverage: MfaCoverage
    mode: MfaMode | None = None
    protection: Protection
    gap: str | None = None
    causes: list[MfaCause]
    more_causes: int = 0
    since: datetime


class _EarlierVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier row says, of whatever version it is."""

    is_administrator: bool | None = None
    counted_as: str = ""
    registered: str = ""
    capable: str = ""
    required: str = ""
    coverage: str = ""
    mode: str | None = None
    protection: str = ""
    since: datetime | None = None


class _Judge:
    """Judges the people of one tenant."""

    def __init__(self, tenant: MfaTenant, inputs: MfaInputs, mailboxes: MailboxData, now: datetime) -> None:
        self._tenant = tenant
        self._decisions = MfaDecisions(inputs)
        self._administrators = inputs.directory.administrators()
        self._may_be_more = inputs.directory.may_have_more_administrators()
        self._mailboxes = mailboxes
        self._now = now

    def record(self, user: User, registration: MfaRegistration | None, before: _EarlierVerdict | None) -> Record:
        row = self._row(user, registration)
        kind = kind_of_person(row.counted_as, row.protection, is_administrator=bool(row.is_administrator))
        is_same = before is not None and before == _earlier(row, before.since)
        since = before.since if before is not None and is_same else None
        return Record(key=user.id, body=row if since is None else msgspec.structs.replace(row, since=since), kind=kind)

    def _row(self, user: User, registration: MfaRegistration | None) -> MfaRow:
        person = signed_in_person(user)
        enrollment = enrolled(person, registration, self._home_mfa(person))
        decision = self._decisions.decide(person)
        causes = most_telling(self._causes(decision, enrollment, registration))
        return MfaRow(
            user_id=user.id,
            name=user.name,
            username=user.username,
            is_administrator=user.id in self._administrators or (None if self._may_be_more else False),
            counted_as=counted_as(user, is_room=is_room(user, self._mailboxes)),
            registered=enrollment.registered,
            capable=enrollment.capable,
            required=decision.required,
            coverage=decision.coverage,
            mode=decision.mode,
            protection=protection(decision.required, enrollment),
            gap=decision.gap,
            causes=causes[:MOST_CAUSES],
            more_causes=max(0, len(causes) - MOST_CAUSES),
            since=self._now,
        )

    def _home_mfa(self, person: SignedInPerson) -> Certainty:
        if person.guest_kind is None:
            return Certainty.NO
        return home_mfa_accepted(self._tenant.cross_tenant_access, person.home_tenant)

    def _causes(
        self, decision: MfaDecision, enrollment: Enrolled, registration: MfaRegistration | None
    ) -> Iterator[MfaCause]:
        yield from decision.causes
        unread = self._tenant.unread
        if enrollment.registered is Enrollment.UNKNOWN and registration is None:
            yield registration_cause(unread.get(REGISTRATIONS, "it does not list the person"))
        elif enrollment.registered is Enrollment.UNKNOWN:
            why = unread.get("cross_tenant_access", "the guest's own tenant is not known")
            yield registration_cause(f"MFA of the guest's own tenant may be accepted: {why}")


def _evaluate(source: RowSource, changes: Changes) -> Result:
    tenant = MfaTenant(source)
    keys = tenant.affected(changes)
    judge = _Judge(tenant, tenant.inputs(keys), tenant.mailboxes(keys), source.now)
    registrations = tenant.registrations(keys)
    if keys is ALL:
        before = dict(source.derived(_EarlierVerdict))
        users = source.rows(USERS, User)
        records = [judge.record(it, registrations.get(key), before.get(key)) for key, it in users]
        return Result(Reading(records=records, is_complete=True))
    earlier, found = source.find_derived(keys, _EarlierVerdict), source.find(USERS, keys, User)
    records = [judge.record(it, registrations.get(key), earlier.get(key)) for key, it in found.items()]
    removed = sorted(keys - found.keys())
    return Result(Reading(records=records, removed=removed, is_complete=False))


def _earlier(row: MfaRow, since: datetime | None) -> _EarlierVerdict:
    return _EarlierVerdict(
        is_administrator=row.is_administrator,
        counted_as=row.counted_as.value,
        registered=row.registered.value,
        capable=row.capable.value,
        required=row.required.value,
        coverage=row.coverage.value,
        mode=row.mode.value if row.mode else None,
        protection=row.protection.value,
        since=since,
    )


MFA = Evaluation(name="mfa", needs=NEEDS, version=2, evaluate=_evaluate, uses_states=True)
