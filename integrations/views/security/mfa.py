"""MFA in a tenant: how many people have registered, and who has not."""

from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.security.mfa import Registered, registered
from integrations.domain.security.posture import Person
from integrations.domain.sync.datasets import Cursor
from integrations.views.datasets import STATES, as_of, state_of


class MfaFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many people have registered for MFA. ``people`` is None while Microsoft provides no report: see ``state``.

    Attributes:
        state: How the last reading ended.
        as_of: When the report was last read completely. Null before the first time.
        people: Numbers of people. Null while Microsoft provides no report.
    """

    state: Annotated[str, STATES]
    as_of: datetime | None
    people: Registered | None


def mfa_figures(cursor: Cursor | None) -> MfaFigures:
    """The figures from the counts by kind that the data set's cursor holds; no row is read."""
    people = registered(cursor.counts_by_kind) if cursor and cursor.complete_at else None
    return MfaFigures(state=state_of(cursor), as_of=as_of(cursor), people=people)


class Mfa(MfaFigures, frozen=True, kw_only=True):
    """``demanded_by`` names what requires MFA of everybody; ``without`` lists people who have not registered.

    Attributes:
        demanded_by: The policies that require MFA of everybody. Empty if none does.
        without: People who have not registered.
    """

    demanded_by: list[str]
    without: list[Person]
