"""Which of an End User's fields Microsoft's values are written to. Pure.

A blank value never overwrites anything: what was cleared at Microsoft stays, and is only reported.
"""

from collections.abc import Callable, Collection, Mapping
from enum import Enum

import msgspec

from integrations.domain.people.fields import address, checked
from integrations.domain.sync.records import User
from integrations.domain.text import clean
from integrations.domain.user_sync.comparison import is_invited, mail_key
from integrations.domain.user_sync.links import KnownEndUser
from integrations.domain.user_sync.settings import Authority, SyncedField, UserSyncSettings

Values = Mapping[SyncedField, str]

_MORE_THAN_ANY = 10_000  # characters: no field has as many
_INITIAL_DOMAIN = ".onmicrosoft.com"


class FieldNote(Enum):
    CUT = "cut"  # Microsoft's value is longer than the field


class FieldChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    SyncedField.NAME: lambda user: user.name,
    SyncedField.GIVEN_NAME: lambda user: user.given_name,
    SyncedField.SURNAME: lambda user: user.surname,
    SyncedField.PHONE: lambda user: next(iter(user.business_phones), None),
    SyncedField.MOBILE_PHONE: lambda user: user.mobile_phone,
    SyncedField.JOB_TITLE: lambda user: user.job_title,
}
FIELD_NAMES = {field: field.value for field in (*_TEXTS, SyncedField.MAIL)}
_MAIL = FIELD_NAMES[SyncedField.MAIL]


def values_of(user: User, verified_domains: Collection[str]) -> dict[SyncedField, str]:
    """Microsoft's values as an End User may have them: cleaned and cut to fit; what is blank or none is left out."""
    texts = {FIELD_NAMES[field]: text for field, text_of in _TEXTS.items() if (text := text_of(user))}
    stored, _ = checked({**texts, _MAIL: user.mail} if user.mail else texts)
    if not stored.get(_MAIL):
        stored[_MAIL] = _likely_mail(user, verified_domains)
    return {field: text for field, name in FIELD_NAMES.items() if (text := stored.get(name))}


def _likely_mail(user: User, verified_domains: Collection[str]) -> str | None:
    """A user principal name that is likely a mail address: of a verified domain other than the first."""
    key = None if is_invited(user) else mail_key(user.username)
    domain = key.rpartition("@")[2] if key else ""
    is_likely = domain in verified_domains and not domain.endswith(_INITIAL_DOMAIN)
    return address(user.username) if user.username and is_likely else None


def first_values(settings: UserSyncSettings, values: Values) -> dict[SyncedField, str]:
    """The values of an End User that is created: also a name and a mail address that the portal keeps afterwards.

    Without a name it is called by its mail address.
    """
    kept, name = settings.kept_fields - {SyncedField.NAME, SyncedField.MAIL}, first_name(values)
    written = {it: text for it, text in values.items() if it not in kept}
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
    text = _TEXTS[field](user) if field in _TEXTS else None
    return FieldNote.CUT if text and text != value and len(clean(text, _MORE_THAN_ANY)) > len(value) else None


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
    settings: UserSyncSettings, values: Values, end_user: KnownEndUser, last: Values
) -> list[SyncedField]:
    """Fields that were cleared at Microsoft and keep their value here."""
    kept = settings.kept_fields
    return [it for it in last if it not in values and it in end_user.values and it not in kept]


def managed_fields(settings: UserSyncSettings, values: Values) -> list[SyncedField]:
    """Fields of a linked End User in which the next sync would overwrite an edit."""
    authority = settings.authority
    return [it for it in values if authority.get(it, Authority.MICROSOFT) is Authority.MICROSOFT]
