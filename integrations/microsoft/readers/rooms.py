"""The tenant's rooms: one list, which lacks those that are hidden in the address book.

National clouds do not have it.
Source: https://learn.microsoft.com/graph/api/place-list
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.mailboxes import Room
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.limits import Service


class _GraphRoom(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    email_address: str | None = None


def _read(context: ReadContext) -> Reading:
    rooms = context.by_id_as(_GraphRoom, _to_room)
    return Reading(records=[Record(key=key, body=it) for key, it in rooms.items()], is_complete=True)


def _to_room(source: _GraphRoom) -> Room:
    return Room(
        id=source.id, name=clean(source.display_name or "") or source.id, address=clean_or_none(source.email_address)
    )


ROOMS = Dataset(
    name="rooms",
    permission="Place.Read.All",
    record=Room,
    first_request=FirstRequest(path="/places/microsoft.graph.room", page=_GraphRoom),
    read=_read,
    service=Service.OUTLOOK,
    cadence=Cadence.DAILY,
    is_in_every_cloud=False,
)
