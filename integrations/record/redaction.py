"""What a recording leaves out of Microsoft's answers, and how it hides names. Nothing that a verdict needs is left out.

Phone numbers and anything secret never get into a recording. With a key, names of people, devices and rooms are
replaced by pseudonyms: the same name always by the same one, so that the recording stays coherent.
Ids and domains stay.
"""

import hashlib
import re
from typing import Any

_LEFT_OUT = frozenset(
    {
        "mobilephone", "businessphones", "phonenumber", "phone", "faxnumber", "streetaddress", "street",
        "geocoordinates", "postalcode", "passwordprofile", "secrettext", "customkeyidentifier", "hint",
    }
)  # fmt: skip
_NAMES = frozenset(
    {
        "givenname", "surname", "userprincipalname", "mail", "othermails", "proxyaddresses", "userdisplayname",
        "emailaddress", "mailnickname", "nickname", "employeeid", "issuerassignedid", "notificationrecipients",
        "devicename", "onpremisesimmutableid",
    }
)  # fmt: skip
# ``displayName`` is somebody's, a device's or a room's, in objects that have one of these or are of such a type.
_PERSONAL = frozenset(
    {"userprincipalname", "userdisplayname", "givenname", "deviceid", "operatingsystem", "emailaddress"}
)
_PERSONAL_TYPES = frozenset({"#microsoft.graph.user", "#microsoft.graph.device", "#microsoft.graph.orgContact"})
_PREFIXED = re.compile(r"((?:smtp|sip|tel|eum|spo|x400|x500):)(.+)", re.IGNORECASE | re.DOTALL)
_GUEST = "#EXT#"
_FORBIDDEN_PASSWORDS = "BannedPasswordList"  # a setting; only how many there are matters


class Redaction:
    """Removes what a recording must not hold; with ``key``, a secret of its own, it also replaces names."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    def of(self, value: Any) -> Any:
        """An answer without what must not be recorded."""
        if isinstance(value, list):
            return [self.of(it) for it in value]
        if not isinstance(value, dict):
            return value
        if value.get("name") == _FORBIDDEN_PASSWORDS:
            return {**value, "value": "\t".join("*" for _ in str(value.get("value") or "").split("\t"))}
        is_personal = value.get("@odata.type") in _PERSONAL_TYPES or any(it.lower() in _PERSONAL for it in value)
        return {
            name: self._named(it) if self._is_name(name, is_personal=is_personal) else self.of(it)
            for name, it in value.items()
            if name.lower() not in _LEFT_OUT
        }

    def _is_name(self, name: str, *, is_personal: bool) -> bool:
        if self._key is None:
            return False
        return name.lower() in _NAMES or (is_personal and name == "displayName")

    def _named(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._named(it) for it in value]
        return self._pseudonym(value) if isinstance(value, str) and value else value

    def _pseudonym(self, name: str) -> str:
        """What replaces a name; of an address, its domain and its mark of a guest stay."""
        if prefixed := _PREFIXED.fullmatch(name):
            return prefixed[1] + self._pseudonym(prefixed[2])
        local, at, domain = name.rpartition("@")
        digest = hashlib.blake2b((local if at else name).lower().encode(), key=self._key or b"", digest_size=8)
        mark = _GUEST if _GUEST in local else ""
        return f"name-{digest.hexdigest()}{mark}{at}{domain if at else ''}"
