"""Who gets what several want, when holders give up what they have by getting something else. Pure."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping

Holders = Mapping[str, frozenset[str]]


def grants(wishes: Mapping[str, str], current: Mapping[str, str], fixed: Holders) -> set[str]:
    """Those who get what they wish for.

    ``wishes`` is by whoever wishes, ``current`` is what each holds now and gives up if its wish is granted, and
    ``fixed`` are those who keep a thing whatever happens. Nobody gets what somebody else keeps or what two wish for;
    two may exchange. Wishing again afterwards grants nothing more.
    """
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for holder, thing in current.items():
        holders[thing].add(holder)
    demand = Counter(wishes.values())

    def is_kept(thing: str, wishing: str) -> bool:
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
