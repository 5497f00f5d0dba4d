"""In which order and how many at a time changes of the directory arrive makes no difference."""

from random import Random

import msgspec

from integrations.domain.sync.records import User
from tests.domain.user_sync.worlds import World, end_user, user, world
from tests.growth import MOST, growth

PEOPLE = [f"p{it}" for it in range(8)]


def test_changes_one_by_one_in_any_order_lead_where_one_full_sync_does() -> None:
    for seed in range(120):
        random = Random(seed)
        after = {it: _later(random, it) for it in PEOPLE}
        at_once, one_by_one = _before(), _before()
        at_once.users = {it: changed for it, changed in after.items() if changed}
        at_once.run()
        for it in random.sample(PEOPLE, len(PEOPLE)):
            one_by_one.users.pop(it, None)
            one_by_one.users |= {it: changed} if (changed := after[it]) else {}
            one_by_one.run()
        assert _stored(one_by_one) == _stored(at_once), seed


def _before() -> World:
    """Some are linked with End Users that somebody made, some have their own, and some are yet to come."""
    made = world(
        *(user(it) for it in PEOPLE[:6]), *(end_user(f"e{it}", mail=f"{it}@contoso.example") for it in PEOPLE[::2])
    )
    made.run()
    return made


def _later(random: Random, object_id: str) -> User | None:
    """What became of a user: gone, disabled, or renamed; an address stays with whoever has it, as an alias."""
    if random.random() < 0.2:
        return None
    before, name = user(object_id), random.choice(["Ann Lee", "Bob Fox"]) + object_id
    mail = f"{object_id}-new@contoso.example"
    renamed = msgspec.structs.replace(before, name=name, mail=mail, username=mail, aliases=[before.mail or ""])
    return msgspec.structs.replace(random.choice([before, renamed]), is_enabled=random.random() < 0.7)


def _stored(made: World) -> tuple:
    links = {it.object_id: (it.end_user_id, it.organization_id, it.last_values) for it in made.links.values()}
    return made.end_users, links, made.queue


def test_a_plan_for_more_users_takes_longer_in_proportion() -> None:
    def plan(size: int) -> None:
        count = size // 16
        people = [user(f"u{it}") for it in range(count)]
        known = [end_user(f"e{it}", mail=f"u{it}@contoso.example") for it in range(0, count, 2)]
        assert len(world(*people, *known).plan().changes) == count

    assert growth(plan) <= MOST
