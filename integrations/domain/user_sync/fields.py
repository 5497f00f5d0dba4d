"""Which of an End User's fields Microsoft's values are written to. Pure.

A blank value never overwrites anything: what was cleared at Microsoft stays, and is only reported.
"""

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from operator import attrgetter

import msgspec

from integrations.domain.people.fields import address, reader_of
from integrations.domain.sync.records import User
from integrations.domain.text import clean
from integrations.domain.user_sync.comparison import is_invited, mail_key
from integrations.domain.user_sync.links import KnownEndUser
from integrations.domain.user_sync.settings import Authority, SyncedField, UserSyncSettings

Values = Mapping[SyncedField, str]

_ALWAYS_AT_FIRST = frozenset({SyncedField.NAME, SyncedField.MAIL})
_MORE_THAN_ANY = 10_000  # characters: no field has as many
_INITIAL_DOMAIN = ".onmicrosoft.com"


class FieldNote(Enum):
    CUT = "cut"  # Microsoft's value is longer than the field


# Without garbage collection: a plan has one for each field of each user, and none can be part of a cycle.
class FieldChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A field that is written.

    Attributes:
        field: The field.
        before: Its value until now. Null if it is blank.
        after: Its value from now on.
        note: What else happened to the value. Absent if nothing did.
    """

    field: SyncedField
    before: str | None
    after: str
    note: FieldNote | None = None


_TEXTS: dict[SyncedField, Callable[[User], str | None]] = {
    SyncedField.NAME: attrgetter("name"),
    SyncedField.GIVEN_NAME: attrgetter("given_name"),
    SyncedField.SURNAME: attrgetter("surname"),
    SyncedField.PHONE: lambda user: next(iter(user.business_phones), None),
    SyncedField.MOBILE_PHONE: attrgetter("mobile_phone"),
    SyncedField.JOB_TITLE: attrgetter("job_title"),
    SyncedField.MAIL: attrgetter("mail"),
}
FIELD_NAMES = {field: field.value for field in _TEXTS}
_SOURCES = [(field, text_of, reader_of(FIELD_NAMES[field])) for field, text_of in _TEXTS.items()]


def values_of(user: User, verified_domains: Collection[str]) -> dict[SyncedField, str]:
    """Microsoft's values as an End User may have them: cleaned and cut to fit; what is blank or none is left out."""
    values: dict[SyncedField, str] = {}
    for field, text_of, read in _SOURCES:
        try:
            value = read(text) if (text := text_of(user)) else None
        except ValueError:  # there is nothing in it to show, or it is no address
            continue
        if value:
            values[field] = value
    if SyncedField.MAIL not in values and (mail := _likely_mail(user, verified_domains)):
        values[SyncedField.MAIL] = mail
    return values


def _likely_mail(user: User, verified_domains: Collection[str]) -> str | None:
    """A user principal name that is likely a mail address: of a verified domain other than the first."""
    key = None if is_invited(user) else mail_key(user.username)
    domain = key.rpartition("@")[2] if key else ""
    is_likely = domain in verified_domains and not domain.endswith(_INITIAL_DOMAIN)
    return address(user.username) if user.username and is_likely else None


def first_values(kept: Collection[SyncedField], values: Values) -> dict[SyncedField, str]:
    """The values of an End User that is created, but for those of ``kept`` fields.

    It has a name and a mail address even where the portal keeps them afterwards. Without a name it is called by its
    mail address.
    """
    written = {it: text for it, text in values.items() if it not in kept or it in _ALWAYS_AT_FIRST}
    name = first_name(values)
    return {**written, SyncedField.NAME: name} if name else written


def first_name(values: Values) -> str | None:
    """What an End User that is created is called; None if there is nothing that it may be called."""
    return values.get(SyncedField.NAME) or _name_from_parts(values) or values.get(SyncedField.MAIL)


def _name_from_parts(values: Values) -> str:
    return " ".join(filter(None, (values.get(SyncedField.GIVEN_NAME), values.get(SyncedField.SURNAME))))


def changed_fields(
    settings: UserSyncSettings, user: User, values: Values, end_user: KnownEndUser, last: Values
) -> list[FieldChange]:
    """The fields to write; ``last`` are Microsoft's values when they were last synced."""
    return [
        FieldChange(field=field, before=before, after=value, note=note_of(user, field, value))
        for field, value in values.items()
        if value != (before := end_user.values.get(field))
        and is_to_write(settings.authority_of(field), field, value, before, last.get(field))
    ]


def note_of(user: User, field: SyncedField, value: str) -> FieldNote | None:
    """Whether a value that is written is only the beginning of Microsoft's."""
    text = _TEXTS[field](user)
    if not text or text == value or field is SyncedField.MAIL:
        return None
    return FieldNote.CUT if len(clean(text, _MORE_THAN_ANY)) > len(value) else None


def is_to_write(authority: Authority, field: SyncedField, value: str, before: str | None, last: str | None) -> bool:
    """Whether Microsoft's value is written over ``before``.

    One that was never synced does not count as changed: then it only fills a blank.
    """
    if authority is Authority.PORTAL or _is_same(field, value, before):
        return False
    if authority is Authority.MICROSOFT:
        return True
    if authority is Authority.FILL_BLANK or last is None:
        return before is None
    return not _is_same(field, value, last)


def _is_same(field: SyncedField, first: str, second: str | None) -> bool:
    return first == second or (field is SyncedField.MAIL and mail_key(first) == mail_key(second))


def wished_mail(settings: UserSyncSettings, values: Values, end_user: KnownEndUser, last: Values) -> str | None:
    """The mail address that is to be written, if nobody else has it."""
    mail = values.get(SyncedField.MAIL)
    before, last_mail = end_user.values.get(SyncedField.MAIL), last.get(SyncedField.MAIL)
    authority = settings.authority_of(SyncedField.MAIL)
    return mail if mail and is_to_write(authority, SyncedField.MAIL, mail, before, last_mail) else None


def cleared_fields(
    kept: Collection[SyncedField], values: Values, end_user: KnownEndUser, last: Values
) -> list[SyncedField]:
    """Fields that were cleared at Microsoft and keep their value here, but for ``kept`` ones."""
    return [it for it in last if it not in values and it in end_user.values and it not in kept]


def managed_fields(settings: UserSyncSettings, values: Values) -> list[SyncedField]:
    """Fields of a linked End User in which the next sync would overwrite an edit."""
    authority = settings.authority
    if not authority:
        return list(values)
    return [it for it in values if authority.get(it, Authority.MICROSOFT) is Authority.MICROSOFT]
