"""Comparing the decision with the reference, on tenants made up by chance."""

from collections import Counter
from random import Random
from typing import NamedTuple

from integrations.domain.security.certainty import Certainty
from tests.domain.security.mfa_generator import PEOPLE, made_up_world
from tests.domain.security.mfa_reference import alone, judge
from tests.domain.security.mfa_worlds import World, decisions

_VALUES = {Certainty.YES: True, Certainty.NO: False, Certainty.UNKNOWN: None}


class JudgedWorld(NamedTuple):
    """A world, and what the reference says about each of its people."""

    world: World
    expected: list[tuple[bool | None, str]]


def disagreements(judged: list[JudgedWorld]) -> int:
    """In how many worlds the decision about somebody differs from the reference."""
    return sum(_decided(it.world) != it.expected for it in judged)


def worlds(seed: int, count: int) -> list[JudgedWorld]:
    chance = Random(seed)
    made = (made_up_world(chance) for _ in range(count))
    return [JudgedWorld(it, [judge(it, person) for person in PEOPLE]) for it in made]


def shares(judged: list[JudgedWorld]) -> dict[str, float]:
    """Which share of people is yes, no and unknown, and which is yes by several policies together alone."""
    counts: Counter[str] = Counter()
    for world, expected in judged:
        for person, (required, _) in zip(PEOPLE, expected, strict=True):
            counts[{True: "yes", False: "no", None: "unknown"}[required]] += 1
            counts["together"] += required is True and not alone(world, person)
    return {name: count / (len(judged) * len(PEOPLE)) for name, count in counts.items()}


def assert_worlds_agree(judged: list[JudgedWorld]) -> None:
    """The two agree, and the worlds are such that this says something."""
    assert disagreements(judged) == 0
    share = shares(judged)
    assert min(share["yes"], share["no"], share["unknown"]) >= 0.15
    assert share["together"] >= 0.1


def _decided(world: World) -> list[tuple[bool | None, str]]:
    made = decisions(world)
    decided = [made.decide(it) for it in PEOPLE]
    return [(_VALUES[it.required], it.coverage.value) for it in decided]
