"""Serial numbers and device ids: how they are compared, and which of them say nothing. Pure.

Boards without a serial number carry what their maker's tool put there. The list joins those of inventory tools.
"""

import re
import unicodedata

MOST_CHARACTERS = 64
_FEWEST_CHARACTERS = 4
_PUNCTUATION = re.compile(r"[._-]")
_LABEL = re.compile(r"^S/N:?")
_ALL_THE_SAME = re.compile(r"(.)\1*")
_ZEROS_AND_ONES = re.compile(r"[01]+")
_ASCENDING = ("0123456789" * 7, "1234567890" * 7)
_NOT_IN_SERIALS = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

_FILLERS = """
    N/A|NA|NONE|NULL|(NULL STRING)|UNKNOWN|UNKNOW|EMPTY|INVALID|NOT AVAILABLE|NOT APPLICABLE|NOT SPECIFIED
    DEFAULT STRING|TO BE FILLED BY O.E.M.|SYSTEM SERIAL NUMBER|SYSTEMSERIALNUMB|SERIAL NUMBER XXXXXX
    CHASSIS SERIAL NUMBER|BASE BOARD SERIAL NUMBER|OEM_SERIAL|SYS-1234567890|SYS-9876543210|SN-12345|SN-1234567890
    SN-123456FVGV3I0B8O5N6N7K|MB-1234567890|EVAL|IATPASS|TULIP COMPUTERS|NNNNNNN
"""

_NO_DEVICE_IDS = frozenset(
    {
        "", "ffffffff-ffff-ffff-ffff-ffffffffffff", "03000200-0400-0500-0006-000700080009",
        "6ab5b300-538d-1014-9fb5-b0684d007b53", "01010101-0101-0101-0101-010101010101",
    }
)  # fmt: skip

# What hypervisors give to their guests.
_VIRTUAL = re.compile(r"VMWARE-.*|PARALLELS-.*|EC2.*|\d{4}-\d{4}-\d{4}-\d{4}-\d{4}-\d{4}-\d{2}")
_VIRTUAL_MAKERS = re.compile(r"vmware|virtual|parallels|qemu|kvm|xen|innotek|bochs|amazon ec2|hvm domu")


def normal_serial(text: str | None) -> str | None:
    """The serial number such that equal ones mean the same device; None if it is a filler or says nothing.

    Upper case, without spaces, invisible characters and a leading "S/N:". Hyphens stay.
    """
    if not text:
        return None
    serial = _LABEL.sub("", _compact(text))
    return None if len(serial) > MOST_CHARACTERS or _says_nothing(_PUNCTUATION.sub("", serial)) else serial


def normal_device_id(text: str | None) -> str | None:
    """An id of a device at Microsoft in lower case; None for a blank one, and for those that boards share."""
    if not text:
        return None
    device_id = text.strip().strip("{}").lower()
    return None if device_id in _NO_DEVICE_IDS or not device_id.strip("0-") else device_id


def is_virtual_serial(serial: str) -> bool:
    """Whether only virtual machines have such a serial number; ``serial`` is a normal one."""
    return _VIRTUAL.fullmatch(serial) is not None


def is_virtual(manufacturer: str | None, model: str | None) -> bool:
    """Whether a hypervisor made it."""
    return _VIRTUAL_MAKERS.search(f"{manufacturer or ''} {model or ''}".casefold()) is not None


def _compact(text: str) -> str:
    upper = unicodedata.normalize("NFKC", text[: 4 * MOST_CHARACTERS]).upper()
    if upper.isascii() and upper.isalnum():
        return upper
    return "".join(it for it in upper if unicodedata.category(it) not in _NOT_IN_SERIALS)


_JUNK = frozenset(
    _PUNCTUATION.sub("", _compact(it)) for line in _FILLERS.strip().splitlines() for it in line.split("|")
)


def _says_nothing(bare: str) -> bool:
    """Whether a serial number without punctuation is a filler."""
    characters = len(bare) if bare.isalnum() else sum(it.isalnum() for it in bare)
    if bare in _JUNK or characters < _FEWEST_CHARACTERS:
        return True
    if bare.isdigit() and any(it.startswith(bare) for it in _ASCENDING):
        return True
    return bool(_ALL_THE_SAME.fullmatch(bare) or _ZEROS_AND_ONES.fullmatch(bare))
