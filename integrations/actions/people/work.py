"""The way to change an Organization's people: on the newest state, in transactions of that Organization alone.

The audit entry is written before the first row. If the process dies in between, an entry says what somebody wanted to
do; there is never a change without an entry.

The tenant's user sync takes up what the portal changes within minutes, in one run however many changes there are. If
the process dies before it could order that, the next evaluation sees it, a day later at the latest.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import NamedTuple, TypeVar

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.lookup import find_organization, mapped_tenant
from integrations.domain.ids import OrganizationId, TenantId
from integrations.domain.people.changes import ChangedBy, PeopleHead
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from integrations.storage.people import OrganizationPeople, PeopleBatch
from shared.errors import Conflict

T = TypeVar("T")

_TRIES = 20  # each conflict means that another change of the same Organization's people was written


class Entry(NamedTuple):
    """The audit entry of a change: who does what to which ids; ``after`` is the value after the change."""

    actor: Actor
    action: str
    subject: Mapping[str, str] = {}
    after: str = ""


class PeopleWork:
    """What is done with one Organization's people: with one audit entry, however many transactions it takes.

    Without an entry it continues what has one already.
    """

    def __init__(
        self,
        account: Account,
        organization_id: OrganizationId,
        entry: Entry | None = None,
        *,
        by: ChangedBy = ChangedBy.PORTAL,
    ) -> None:
        self.account = account
        self.by = by
        self.people = account.services.people(account.id, organization_id)
        self._entry = entry
        self._sequence = 0  # of End Users, when the last batch was begun
        self._is_order_needed = False
        self._last: PeopleBatch | None = None

    def carry_out(self, attempt: Callable[[PeopleBatch], T]) -> T:
        """Carry out ``attempt``, which reads and adds to the batch, and commit; again if others were faster.

        Raises:
            NotFound: the Organization was deleted.
            VersionConflict: others were faster twenty times.
        """

        def once() -> T:
            batch = self._begin()
            result = attempt(batch)
            self.commit(batch)
            return result

        result = retry_on_conflict(once, tries=_TRIES)
        self._order_user_sync()
        return result

    def carry_further(self, attempt: Callable[[PeopleBatch], T]) -> T:
        """As ``carry_out``, from where the last ``attempt`` ended: nothing is read, unless others wrote meanwhile."""
        last, self._last = self._last, None

        def on(batch: PeopleBatch) -> T:
            result = attempt(batch)
            self.commit(batch)
            self._last = batch
            return result

        first = partial(on, last.at(self.account.services.clock())) if last else None
        result = retry_on_conflict(lambda: on(self._begin()), first=first, tries=_TRIES)
        self._order_user_sync()
        return result

    def continue_from(self, head: Stored[PeopleHead] | None) -> None:
        """Have ``carry_further`` begin with a head that was read already, unless it has to be opened first."""
        if head is None or head.value.closed_at is None:
            self._last = PeopleBatch(self.people, head, self.by, self.account.services.clock())

    def commit(self, batch: PeopleBatch) -> None:
        """Write what was added to the batch, if anything; for attempts of more than one transaction."""
        if batch.is_empty:
            return
        self.write_entry()
        batch.commit()
        self._is_order_needed |= self.by is ChangedBy.PORTAL and batch.head.end_users_sequence > self._sequence

    def write_entry(self) -> None:
        """Write the audit entry, unless it is written already."""
        if self._entry is not None:
            it, self._entry = self._entry, None
            with self.account.change(it.actor, it.action, it.subject, after=it.after):
                pass

    def make_room(self, batch: PeopleBatch, rows: int) -> None:
        """Commit what was added so far if so many more rows do not fit beside it."""
        if not batch.has_room(rows):
            self.commit(batch)

    def _begin(self) -> PeopleBatch:
        batch = self.people.batch(self.by, self.account.services.clock())
        if batch.head.closed_at is not None:
            _reopen(self.account, batch)
        self._sequence = batch.head.end_users_sequence
        return batch

    def _order_user_sync(self) -> None:
        """One line, however often it is written: whoever changes people one by one does not order a run for each."""
        if self._is_order_needed and self._tenant_id is not None:
            now = self.account.services.clock()
            self.account.services.due.put(Due(Work.EVALUATE, self.account.id, self._tenant_id, now))
        self._is_order_needed = False

    @cached_property
    def _tenant_id(self) -> TenantId | None:
        """The tenant whose users may be these people."""
        tenant = mapped_tenant(self.account.control, self.people.organization_id)
        return tenant.tenant_id if tenant else None


def close_people(account: Account, organization_id: OrganizationId) -> None:
    """Make sure that an Organization has no End Users or assets and gets none, before it is deleted.

    Whoever deletes it has read its row before: see ``_reopen``.

    Raises:
        Conflict: ``organization_has_end_users``, or ``organization_has_assets``.
        VersionConflict: others kept changing its people.
    """

    def attempt() -> None:
        people = account.services.people(account.id, organization_id)
        batch = people.batch(ChangedBy.PORTAL, account.services.clock())
        if batch.head.count:
            raise _has_end_users(people, batch.head.count)
        if batch.head.assets:
            raise _has_assets(batch.head.assets)
        batch.set_head(closed_at=account.services.clock())
        batch.commit()

    retry_on_conflict(attempt, tries=_TRIES)


def _has_end_users(people: OrganizationPeople, count: int) -> Conflict:
    counted = "1 End User" if count == 1 else f"{count:,} End Users"
    path = f"POST /organizations/{people.organization_id}/end-users/move"
    return Conflict(
        f"This Organization has {counted}.",
        code="organization_has_end_users",
        remedy=f"Move them to another Organization with {path}, or delete them. Then delete the Organization.",
    )


def _has_assets(count: int) -> Conflict:
    counted = "1 asset" if count == 1 else f"{count:,} assets"
    return Conflict(
        f"This Organization has {counted}.",
        code="organization_has_assets",
        remedy="Delete them with DELETE /assets/{asset_id}. Then delete the Organization.",
    )


def _reopen(account: Account, batch: PeopleBatch) -> None:
    """Open what was closed for a deletion that did not happen.

    The Organization's row is written again first. So a deletion that is still under way, which read the row before,
    fails; and one that begins now closes the head anew, so that this batch fails.

    Raises:
        NotFound: the Organization was deleted.
        VersionConflict: somebody else changes the Organization at the same time.
    """
    stored = find_organization(account.control, batch.people.organization_id)
    with account.change() as change:
        change.write(account.control.organizations.saved(stored))
    batch.set_head(closed_at=None)
