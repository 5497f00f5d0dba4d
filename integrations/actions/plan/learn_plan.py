"""Learn the account's plan from the portal tokens of its users."""

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.caller import Caller
from integrations.domain.jobs.orders import PlanOrder
from integrations.domain.plan import KnownPlan, PlanRecord, plan_after
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.storage.due import ALL, Work

_MOST_REMEMBERED = 10_000  # accounts, per process


def learn_plan(services: Services, actor: Actor, caller: Caller) -> bool:
    """Whether the account is on the plan, by the token that was issued last: this one, or one that came before it.

    A change is stored, and applied to the account's rows by ``apply_plan``. The stored record is read once a minute
    per process.

    Raises:
        Unavailable: storage does not answer.
    """
    account, now = Account(services, actor.account_id), services.clock()
    control, known = account.control, services.plans.get(actor.account_id)
    if known is None or not known.is_fresh(now):
        known = _read(account, known)
    changed = plan_after(known, has_plan=caller.on_team_plan, issued_at=caller.issued_at, now=now)
    if changed is not None and _is_relevant(control, known, changed):
        known = _write(account, actor, changed)
    elif caller.on_team_plan is known.has_plan:
        known = known.agreeing_with(caller.issued_at)
    if len(services.plans) >= _MOST_REMEMBERED:
        services.plans.clear()
    services.plans[actor.account_id] = known
    return known.has_plan


def _read(account: Account, known: KnownPlan | None = None) -> KnownPlan:
    stored = account.control.plans.find(CURRENT)
    return KnownPlan(account.services.clock(), stored.value if stored else None, known.newest if known else None)


def _is_relevant(control: Control, known: KnownPlan, changed: PlanRecord) -> bool:
    """Whether the change matters: an account that never integrated anything has no plan to lose."""
    return known.record is not None or changed.has_plan or bool(control.integrations.list(limit=1))


def _write(account: Account, actor: Actor, changed: PlanRecord) -> KnownPlan:
    """Store the change and order ``apply_plan``, unless a record of a newer token is stored already."""
    plans = account.control.plans
    stored, action = plans.find(CURRENT), "regained plan" if changed.has_plan else "lost plan"
    if stored is None or stored.value.issued_at < changed.issued_at:
        with (
            ignore_conflict("another token changed the plan", account_id=account.id),
            account.change(actor, action, {}) as change,
        ):
            change.due(Work.PLAN, ALL, changed.since)
            change.write(plans.saved(stored.now(changed)) if stored else plans.added(changed))
            change.send(PlanOrder(account_id=account.id))
    return _read(account)
