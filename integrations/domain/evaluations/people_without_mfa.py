"""Who has not registered for MFA, from the rows of the registration report.

A derived row has the key of its source row, so that a change of one row changes one row.
"""

from collections.abc import Iterable

import msgspec

from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.security.posture import Person, person_of
from integrations.domain.sync.changed_keys import ALL
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import RegistrationPage

_REGISTRATIONS = "registrations"


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one source row who have not registered."""

    people: list[Person]


def _evaluate(source: RowSource, changes: Changes) -> Result:
    keys = changes[_REGISTRATIONS]
    if keys is ALL:
        return Result(Reading(records=_records(source.rows(_REGISTRATIONS, RegistrationPage)), is_complete=True))
    records = _records(source.find(_REGISTRATIONS, keys, RegistrationPage).items())
    removed = sorted(keys - {it.key for it in records})
    return Result(Reading(records=records, removed=removed, is_complete=False))


def _records(rows: Iterable[tuple[str, RegistrationPage]]) -> list[Record]:
    lacking = ((key, [person_of(it) for it in page.people if not it.is_mfa_registered]) for key, page in rows)
    return [Record(key=key, body=PeoplePage(people=people)) for key, people in lacking if people]


PEOPLE_WITHOUT_MFA = Evaluation(
    name="people_without_mfa", needs=frozenset({_REGISTRATIONS}), version=1, evaluate=_evaluate
)
