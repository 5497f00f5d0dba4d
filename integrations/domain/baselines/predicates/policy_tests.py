"""``any_policy``: whether some Conditional Access policy meets a control, and which policies come near.

```
any_policy = { core = "everyone", terms = [{ says = "It does not block.", path = "grant.controls", ... }],
               asks = ["client_apps"], accepts = ["block"] }
```

``terms`` are predicates about one policy; ``says`` tells a reader what it means when one is not met. ``core`` names a
list of terms that several controls share. ``asks`` and ``accepts`` are those of ``foreign_conditions``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.domain.baselines.predicates.coverage import cover_every_sign_in
from integrations.domain.baselines.predicates.foreign import foreign_conditions, is_unreadable
from integrations.domain.baselines.predicates.judging import Judge, Near, Scope, Seen
from integrations.domain.baselines.tenant import Unknown
from integrations.domain.policies.conditional_access import ConditionalAccess

MOST_NEAR = 3


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a control asks of a policy."""

    says: str
    judge: Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """What a control asks of a policy."""

    source: str
    terms: Sequence[Term]
    asks: frozenset[str]
    accepts: frozenset[str]

    def __call__(self, scope: Scope) -> bool | None:
        judged = [(policy, *self._judge(scope.aside(), policy)) for policy in scope.tenant.policies(self.source)]
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

    def _judge(self, scope: Scope, policy: ConditionalAccess) -> tuple[bool | None, Near]:
        if is_unreadable(policy):
            return None, Near(policy.id, policy.name, "It could not be read.", 0)
        inside = scope.of(policy)
        answers = [(term, term.judge(inside)) for term in self.terms]
        passed = sum(answer is True for _, answer in answers)
        failing = [term.says for term, answer in answers if answer is False]
        unknown = [f"Not known: {term.says}" for term, answer in answers if answer is None]
        if failing or unknown:
            return (False if failing else None), Near(policy.id, policy.name, (failing + unknown)[0], passed)
        narrowed = foreign_conditions(policy, self.asks, self.accepts)
        return True, Near(policy.id, policy.name, " ".join(narrowed), passed)


def nearest(policies: Iterable[Near]) -> list[Near]:
    """The policies that come nearest to meeting a control: those that meet it, then those with most conditions met."""
    ordered = sorted(policies, key=lambda it: (bool(it.why), -it.passed, it.name, it.id))
    return ordered[:MOST_NEAR]
