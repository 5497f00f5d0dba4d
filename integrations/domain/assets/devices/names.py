"""Names of devices and their systems, as far as two of them are compared. Pure."""

from collections import defaultdict
from enum import Enum
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

Named = TypeVar("Named")

_NETBIOS = 15  # characters that Windows keeps of a name in some places
_MOST_SYSTEMS = 1000  # a fleet has few different ones


class SystemFamily(Enum):
    WINDOWS = "windows"
    MAC = "macos"
    IOS = "ios"
    ANDROID = "android"
    CHROME = "chromeos"
    LINUX = "linux"


_FAMILIES = (
    (SystemFamily.WINDOWS, ("windows",)),
    (SystemFamily.IOS, ("ios", "iphone", "ipad")),
    (SystemFamily.MAC, ("mac", "os x", "darwin")),
    (SystemFamily.ANDROID, ("android",)),
    (SystemFamily.CHROME, ("chrome",)),
    (SystemFamily.LINUX, ("linux", "ubuntu", "debian", "fedora", "centos", "red hat", "rhel", "suse")),
)
MOBILE = frozenset({SystemFamily.IOS, SystemFamily.ANDROID})


@lru_cache(_MOST_SYSTEMS)
def system_family(system: str | None) -> SystemFamily | None:
    """The family of an operating system as Microsoft or the portal calls it; None if it is not known."""
    text = (system or "").casefold().removeprefix("microsoft ").removeprefix("apple ")
    return next((family for family, starts in _FAMILIES if text.startswith(starts)), None)


@lru_cache(_MOST_SYSTEMS)
def is_server_system(system: str | None) -> bool:
    return "server" in (system or "").casefold()


class ComparedName(NamedTuple):
    """A device's name and the family of its system: only within one family are names compared."""

    family: SystemFamily
    host: str


def compared_name(name: str, family: SystemFamily | None) -> ComparedName | None:
    """The part before the first dot, without differences of case; None if there is none, or the family is not known."""
    host = name.strip().partition(".")[0].casefold()
    return ComparedName(family, host) if host and family else None


def is_same_name(first: ComparedName, second: ComparedName) -> bool:
    """Whether two names are the same, or one of Windows is the other up to where it was cut."""
    return (
        first == second
        or (_is_cut_somewhere(first) and _cut(first) == second)
        or (_is_cut_somewhere(second) and _cut(second) == first)
    )


class NameIndex(Generic[Named]):
    """Things by their names. A name of Windows also means one that is the same up to where it was cut."""

    def __init__(self) -> None:
        self._by_name: defaultdict[ComparedName, list[Named]] = defaultdict(list)
        self._by_beginning: defaultdict[ComparedName, list[Named]] = defaultdict(list)

    def add(self, name: ComparedName, named: Named) -> None:
        self._by_name[name].append(named)
        if _is_cut_somewhere(name):
            self._by_beginning[_cut(name)].append(named)

    def count(self, name: ComparedName) -> int:
        return sum(map(len, self._lists(name)))

    def only(self, name: ComparedName) -> Named | None:
        """What alone has this name; None if nothing has, or several have."""
        lists = self._lists(name)
        return next(it[0] for it in lists if it) if sum(map(len, lists)) == 1 else None

    def _lists(self, name: ComparedName) -> tuple[list[Named], list[Named]]:
        others: list[Named] = []
        if _is_cut_somewhere(name):
            others = self._by_name.get(_cut(name), [])
        elif name == _cut(name) and len(name.host) == _NETBIOS:
            others = self._by_beginning.get(name, [])
        return self._by_name.get(name, []), others


def _is_cut_somewhere(name: ComparedName) -> bool:
    return name.family is SystemFamily.WINDOWS and len(name.host) > _NETBIOS


def _cut(name: ComparedName) -> ComparedName:
    return name._replace(host=name.host[:_NETBIOS])
