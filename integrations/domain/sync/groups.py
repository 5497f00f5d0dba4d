"""Groups: splitting them into rows that fit the table, and their members, nested groups included. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from integrations.domain.sync.records import Group

MOST_MEMBERS = 600  # in a row: a column holds up to 32 Ki characters, an id takes 39


def split(group: Group) -> dict[str, Group]:
    """The rows of one group, by key."""
    members = sorted(set(group.members))
    starts = range(0, max(1, len(members)), MOST_MEMBERS)
    parts = [
        msgspec.structs.replace(group, members=members[at : at + MOST_MEMBERS], part=number)
        for number, at in enumerate(starts)
    ]
    return {key_of(part): part for part in parts}


def join(rows: Iterable[Group]) -> dict[str, Group]:
    """Groups with all their members, by id."""
    groups: dict[str, Group] = {}
    for row in sorted(rows, key=lambda it: it.part):
        first = groups.get(row.id)
        groups[row.id] = msgspec.structs.replace(first, members=first.members + row.members) if first else row
    return groups


def key_of(row: Group) -> str:
    return f"{row.id}:{row.part}" if row.part else row.id


def reachable(find: Callable[[Collection[str]], Mapping[str, Group]], roots: Collection[str]) -> dict[str, Group]:
    """The groups of these ids and all groups nested in them; ``find`` reads rows by key."""
    rows: dict[str, Group] = {}
    requested: set[str] = set()
    waiting = set(roots)
    while waiting:
        requested |= waiting
        read = find(waiting)
        rows |= read
        following = (key_of(msgspec.structs.replace(it, part=it.part + 1)) for it in read.values() if _is_full(it))
        waiting = {member for it in read.values() for member in it.members}.union(following) - requested
    return join(rows.values())


def _is_full(row: Group) -> bool:
    """Whether another row of the same group may follow."""
    return len(row.members) >= MOST_MEMBERS


def everybody_in(groups: Mapping[str, Group], group_id: str) -> set[str]:
    """Ids of all members that are not groups, those of nested groups included; nesting may be circular."""
    people: set[str] = set()
    seen, waiting = {group_id}, [group_id] if group_id in groups else []
    while waiting:
        members = set(groups[waiting.pop()].members)
        inner = groups.keys() & members
        people |= members - inner
        waiting.extend(inner - seen)
        seen |= inner
    return people
