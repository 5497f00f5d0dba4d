"""Settings of the whole directory, which Graph calls group settings: groups, passwords, consent.

A tenant that never changed a template's values has no object of it.
Source: https://learn.microsoft.com/graph/api/group-list-settings
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import GroupSettings
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext

# Words that people try as passwords: how many there are is all that anybody needs to know here.
_COUNTED = "BannedPasswordList"


class _Value(msgspec.Struct):
    name: str | None = None
    value: str | None = None


class _Settings(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    template_id: str | None = None
    values: list[_Value] = []


def _read(asked: ReadContext) -> Reading:
    found = asked.by_id(_Settings)
    return Reading(records=[Record(key=it.id, body=_told(it)) for it in found.values()], is_complete=True)


def _told(it: _Settings) -> GroupSettings:
    return GroupSettings(
        id=it.id,
        name=clean(it.display_name or "") or it.id,
        template_id=clean_or_none(it.template_id),
        values={clean(value.name): _value(value) for value in it.values if value.name},
    )


def _value(it: _Value) -> str:
    told = it.value or ""
    return str(len(told.split("\t")) if told else 0) if it.name == _COUNTED else clean(told)


GROUP_SETTINGS = Dataset(
    name="group_settings",
    permission="Directory.Read.All",
    record=GroupSettings,
    source=FirstRequest(first="/groupSettings", query={"select": "id,displayName,templateId,values"}, page=_Settings),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
