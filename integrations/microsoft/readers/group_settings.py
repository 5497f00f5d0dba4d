"""Settings of the whole directory, which Graph calls group settings: groups, passwords, consent.

A tenant that never changed a template's values has no object for it.
Source: https://learn.microsoft.com/graph/api/group-list-settings
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import GroupSettings
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext

# A list of forbidden passwords: only their number is stored.
_COUNTED = "BannedPasswordList"


class _Value(msgspec.Struct):
    name: str | None = None
    value: str | None = None


class _GraphSettings(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    template_id: str | None = None
    values: list[_Value] = []


def _read(context: ReadContext) -> Reading:
    settings = context.by_id(_GraphSettings)
    return Reading(
        records=[Record(key=it.id, body=_to_group_settings(it)) for it in settings.values()], is_complete=True
    )


def _to_group_settings(source: _GraphSettings) -> GroupSettings:
    return GroupSettings(
        id=source.id,
        name=clean(source.display_name or "") or source.id,
        template_id=clean_or_none(source.template_id),
        values={clean(value.name): _value(value) for value in source.values if value.name},
    )


def _value(setting: _Value) -> str:
    text = setting.value or ""
    return str(len(text.split("\t")) if text else 0) if setting.name == _COUNTED else clean(text)


GROUP_SETTINGS = Dataset(
    name="group_settings",
    permission="Directory.Read.All",
    record=GroupSettings,
    first_request=FirstRequest(
        path="/groupSettings", query={"select": "id,displayName,templateId,values"}, page=_GraphSettings
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
