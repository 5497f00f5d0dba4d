"""Who gets what several want, when holders give up what they have by getting something else. Pure."""

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping
from typing import TypeVar

Holder = TypeVar("Holder", bound=str)
Thing = TypeVar("Thing", bound=str)


def grants(
    wishes: Mapping[Holder, Thing], current: Mapping[Holder, Thing], fixed: Mapping[Thing, Collection[Holder]]
) -> set[Holder]:
    """Those who get what they wish for.

    ``wishes`` is by whoever wishes, ``current`` is what each holds now and gives up if its wish is granted, and
    ``fixed`` are those who keep a thing whatever happens. Nobody gets what somebody else keeps or what two wish for;
    two may exchange. Wishing again afterwards grants nothing more.
    """
    holders: defaultdict[Thing, set[Holder]] = defaultdict(set)
    for holder, thing in current.items():
        holders[thing].add(holder)
    demand = Counter(wishes.values())

    def is_kept(thing: Thing, wishing: Holder) -> bool:
        if thing not in holders and thing not in fixed:
            return False
        others = (holder for holder in holders.get(thing, ()) if holder != wishing)
        return any(it != wishing for it in fixed.get(thing, ())) or any(it not in wishes for it in others)

    refused = deque(it for it, thing in wishes.items() if demand[thing] > 1 or is_kept(thing, it))
    granted = wishes.keys() - set(refused)
    wishing = {thing: it for it, thing in wishes.items() if it in granted}
    while refused:
        kept = current.get(refused.popleft())
        if (blocked := wishing.pop(kept, None)) is not None:  # type: ignore[arg-type]
            granted.discard(blocked)
            refused.append(blocked)
    return granted
