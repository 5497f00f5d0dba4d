"""``any_policy``: whether some Conditional Access policy meets a control, and which policies come near.

```
any_policy = { core = "everyone", terms = [{ says = "It does not block.", path = "grant.controls", ... }],
               asks = ["client_apps"], accepts = ["block"] }
```

``terms`` are predicates about one policy; ``says`` tells a reader what it means when one is not met. ``core`` names a
list of terms that several controls share. ``asks`` and ``accepts`` are those of ``foreign_conditions``.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import msgspec

from integrations.domain.baselines.predicates.coverage import cover_every_sign_in
from integrations.domain.baselines.predicates.foreign import foreign_conditions, is_unreadable
from integrations.domain.baselines.predicates.judging import Judge, Near, Scope, Seen, Table
from integrations.domain.baselines.tenant import Exclusions, Unknown
from integrations.domain.policies.conditional_access import ConditionalAccess

MOST_NEAR = 3


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a control asks of a policy."""

    says: str
    judge: Judge


class Answers(NamedTuple):
    """What terms say of a policy: how many it meets, and what those say that it does not meet, or may not meet."""

    passed: int
    failing: list[str]
    unknown: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """What a control asks of a policy.

    The terms of its ``core`` are those of other controls, too: they are judged once for all controls with the same
    ``core_id``, unless the control leaves out somebody.
    """

    source: str
    core: Sequence[Term]
    core_id: str
    terms: Sequence[Term]
    asks: frozenset[str]
    accepts: frozenset[str]

    def __call__(self, scope: Scope) -> bool | None:
        inside = scope.aside()
        policies = zip(scope.tenant.policies(self.source), self._by_core(scope), strict=True)
        judged = [(policy, *self._judge(inside, policy, core)) for policy, core in policies]
        meeting = [near for _, answer, near in judged if answer and not near.why]
        narrowed = [near for _, answer, near in judged if answer and near.why]
        scope.trace.near += nearest(near for _, _, near in judged)
        scope.trace.seen.append(Seen("policies that meet it", sorted(it.name for it in meeting or narrowed)))
        if meeting or (narrowed and not scope.is_strict):
            return True
        if cover_every_sign_in((it for it, answer, _ in judged if answer), self.asks, self.accepts):
            scope.trace.reason = "Several policies meet it together."
            return True
        if narrowed:
            scope.trace.narrowed += [f"{it.name}: {it.why}" for it in nearest(narrowed)]
            return True
        return self._not_met(scope, [policy for policy, answer, _ in judged if answer is None])

    def _not_met(self, scope: Scope, undecided: Sequence[ConditionalAccess]) -> bool | None:
        """No; or not known, because of policies that may be the ones. ScubaGear knows only yes and no."""
        if undecided and scope.is_strict:
            names = ", ".join(sorted(it.name for it in undecided)[:MOST_NEAR])
            scope.trace.unknown.append(Unknown(f"It is not known what these policies do: {names}.", self.source))
            return None
        scope.trace.failures.append("No Conditional Access policy meets it.")
        return False

    def _by_core(self, scope: Scope) -> list[Answers]:
        """What the core says of each policy."""
        cache = scope.tenant.cache
        key = "core", self.core_id, self.source, "" if scope.exclusions == Exclusions() else scope.control_id
        if key not in cache:
            inside = scope.aside()
            cache[key] = [_answers(self.core, inside.of(it)) for it in scope.tenant.policies(self.source)]
        return cast("list[Answers]", cache[key])

    def _judge(self, scope: Scope, policy: ConditionalAccess, core: Answers) -> tuple[bool | None, Near]:
        if is_unreadable(policy):
            return None, Near(policy.id, policy.name, "It could not be read.", 0)
        own = _answers(self.terms, scope.of(policy))
        passed, failing, unknown = core.passed + own.passed, core.failing + own.failing, core.unknown + own.unknown
        if failing or unknown:
            return (False if failing else None), Near(policy.id, policy.name, (failing + unknown)[0], passed)
        narrowed = foreign_conditions(policy, self.asks, self.accepts)
        return True, Near(policy.id, policy.name, " ".join(narrowed), passed)


def core_id_of(terms: Sequence[Table], sets: Mapping[str, object]) -> str:
    """The same for the same terms about the same sets."""
    return hashlib.blake2b(msgspec.json.encode((terms, sets)), digest_size=8).hexdigest()


def _answers(terms: Iterable[Term], scope: Scope) -> Answers:
    passed, failing, unknown = 0, [], []
    for term in terms:
        answer = term.judge(scope)
        if answer:
            passed += 1
        elif answer is False:
            failing.append(term.says)
        else:
            unknown.append(f"Not known: {term.says}")
    return Answers(passed, failing, unknown)


def nearest(policies: Iterable[Near]) -> list[Near]:
    """The policies that come nearest to meeting a control: those that meet it, then those with most conditions met."""
    ordered = sorted(policies, key=lambda it: (bool(it.why), -it.passed, it.name, it.id))
    return ordered[:MOST_NEAR]
