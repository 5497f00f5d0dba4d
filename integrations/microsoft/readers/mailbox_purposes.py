"""What each mailbox is for: a person's, shared, a room's or equipment's, as Exchange tells it of one user at a time.

The directory says whose address or licenses changed, at the price of one request in a cycle. Whoever is new or changed
waits to be read, at most 20 batches in a cycle, so that a big tenant is known after some hours.
Sources: https://learn.microsoft.com/graph/api/user-get-mailboxsettings,
https://learn.microsoft.com/graph/api/resources/mailboxsettings
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec

from integrations.domain.retry_delays import REFUSED_MAILBOX
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.mailboxes import (
    WAITING,
    MailboxPage,
    MailboxPurpose,
    kind_of_row,
    mailbox_rows,
    mailboxes_in,
    merged,
    next_to_read,
    unread_mailbox,
    with_purpose,
    without_purpose,
)
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.delta import Removed, latest_of
from integrations.microsoft.fillers import identifier, ids_for_paths
from integrations.microsoft.in_turn import MOST_BATCHES, in_turn, most_at_once
from integrations.microsoft.limits import Service
from shared.microsoft.graph import (
    BatchRequest,
    BatchResponse,
    Denied,
    Throttle,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.graph.responses import decode_counting

_LIST, _DELTA = "/users", "/users/delta"
_FIELDS = "id,userPrincipalName,userType,mail,assignedLicenses"
_LARGEST_PAGE = "999"
_INVITED = "#ext#"


class _MailboxLicense(msgspec.Struct, rename="camel"):
    sku_id: str | None = None


class _GraphMailboxUser(msgspec.Struct, rename="camel"):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    user_principal_name: str | None = None
    user_type: str | None = None
    mail: str | None = None
    assigned_licenses: list[_MailboxLicense] | None = None


class _GraphPurpose(msgspec.Struct):
    purpose: str | None = msgspec.field(name="value", default=None)


def _read(context: ReadContext) -> Reading:
    changed, link = latest_of(context.graph.pages_from(context.page, type=_GraphMailboxUser))
    if not context.is_first and not changed and not context.counts_by_kind.get(WAITING):
        return Reading(records=[], is_complete=False, link=link)
    stored = {key: row for key, row in context.stored().items() if isinstance(row, MailboxPage)}
    known = mailboxes_in(stored.values())
    if context.is_first:
        users = context.graph.items(_LIST, type=_GraphMailboxUser, select=_FIELDS, top=_LARGEST_PAGE)
        mailboxes = merged(known, _mailboxes_of(users), context.now)
    else:
        gone = {it.id for it in changed}
        others = {user_id: it for user_id, it in known.items() if user_id not in gone}
        mailboxes = others | merged(known, _mailboxes_of(changed), context.now)
    odd = _read_purposes(context, mailboxes)
    rows = mailbox_rows(mailboxes.values())
    return Reading(
        records=[
            Record(key=key, body=it, kind=kind_of_row(it))
            for key, it in rows.items()
            if context.is_first or stored.get(key) != it
        ],
        removed=[key for key in stored if key not in rows],
        is_complete=context.is_first,
        link=link,
        odd=odd,
    )


def _mailboxes_of(users: Iterable[_GraphMailboxUser]) -> list[MailboxPurpose]:
    """The mailboxes of these users; guests have theirs elsewhere."""
    members = {it.id: it for it in users if it.removed is None and it.mail and not _is_guest(it)}
    return [_to_mailbox(members[user_id]) for user_id in ids_for_paths(members)]


def _is_guest(user: _GraphMailboxUser) -> bool:
    return (user.user_type or "").casefold() == "guest" or _INVITED in (user.user_principal_name or "").casefold()


def _to_mailbox(user: _GraphMailboxUser) -> MailboxPurpose:
    licenses = (identifier(it.sku_id) for it in user.assigned_licenses or ())
    return unread_mailbox(user.id, clean(user.mail or ""), [it for it in licenses if it])


def _read_purposes(context: ReadContext, mailboxes: dict[str, MailboxPurpose]) -> int:
    """Read the purposes of those whose turn it is; the number of answers that could not be read.

    What Exchange is too busy for stays to be read.

    Raises:
        Transient: nothing at all could be read.
        Denied: the same, and nobody knows whether the permission was granted.
    """
    waiting = next_to_read(mailboxes.values(), most_at_once(MOST_BATCHES))
    throttle = context.throttle_of(Service.OUTLOOK)
    odd = 0
    try:
        for number, responses in enumerate(in_turn(context.graph, [_request(it, throttle) for it in waiting])):
            if number == 0:
                _raise_if_all_denied(context, responses)
            odd += sum(_apply(mailboxes, user_id, it, context) for user_id, it in responses.items())
    except Transient:
        if all(mailboxes[it].turn is not None for it in waiting):
            raise
    return odd


def _request(user_id: str, throttle: Throttle | None) -> BatchRequest:
    return BatchRequest(id=user_id, path=f"{_LIST}/{user_id}/mailboxSettings/userPurpose", throttle=throttle)


def _raise_if_all_denied(context: ReadContext, responses: Mapping[str, BatchResponse]) -> None:
    """With the permission, a refusal concerns one mailbox (an application access policy of Exchange)."""
    errors = [it.error for it in responses.values()]
    denied = [it for it in errors if isinstance(it, Denied)]
    if context.is_granted is None and denied and len(denied) == len(errors):
        raise denied[0]


def _apply(mailboxes: dict[str, MailboxPurpose], user_id: str, response: BatchResponse, context: ReadContext) -> int:
    """Keep what Exchange told of one mailbox; the number of values that could not be read."""
    before, error = mailboxes[user_id], response.error
    if isinstance(error, Transient):
        return 0
    if error is not None:  # there is no mailbox, or we may not read this one
        mailboxes[user_id] = without_purpose(before, context.now + REFUSED_MAILBOX)
        return 0
    try:
        source, odd = decode_counting(response.body, _GraphPurpose)
    except UnexpectedAnswer:
        source, odd = _GraphPurpose(), 1
    purpose = clean(source.purpose or "")
    mailboxes[user_id] = with_purpose(before, purpose, context.now) if purpose else without_purpose(before, context.now)
    return odd


MAILBOX_PURPOSES = Dataset(
    name="mailbox_purposes",
    permission="MailboxSettings.Read",
    record=MailboxPage,
    first_request=FirstRequest(path=_DELTA, query={"select": _FIELDS, "deltatoken": "latest"}, page=_GraphMailboxUser),
    read=_read,
    needs_grant=True,
    is_first_read_last=True,
    full_read_every=timedelta(days=7),
)
