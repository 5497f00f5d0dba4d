"""The account's plan, learnt from the portal tokens of its administrators."""

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.caller import Caller
from integrations.domain.jobs.orders import PlanOrder
from integrations.domain.plan import KnownPlan, PlanRecord, plan_after
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.storage.due import ALL, Work

_MOST_ACCOUNTS = 10_000


def learn_plan(services: Services, actor: Actor, caller: Caller) -> bool:
    """Whether the account is on the plan, as the newest token tells: this one, or one that came before it.

    A change is written down and carried to the account's rows by ``apply_plan``. What is known is read once a
    minute and process.
    """
    account, now = Account(services, actor.account_id), services.clock()
    control, known = account.control, services.plans.get(actor.account_id)
    if known is None or not known.is_fresh(now):
        known = _look(account, known)
    news = plan_after(known, has_plan=caller.on_team_plan, issued_at=caller.issued_at, now=now)
    if news is not None and _matters(control, known, news):
        known = _write(account, actor, news)
    elif caller.on_team_plan is known.has_plan:
        known = known.agreeing_with(caller.issued_at)
    if len(services.plans) >= _MOST_ACCOUNTS:
        services.plans.clear()
    services.plans[actor.account_id] = known
    return known.has_plan


def _look(account: Account, known: KnownPlan | None = None) -> KnownPlan:
    stored = account.control.plans.find(CURRENT)
    return KnownPlan(account.services.clock(), stored.value if stored else None, known.newest if known else None)


def _matters(control: Control, known: KnownPlan, news: PlanRecord) -> bool:
    """An account that never integrated anything has no plan to lose."""
    return known.record is not None or news.has_plan or bool(control.integrations.list(limit=1))


def _write(account: Account, actor: Actor, news: PlanRecord) -> KnownPlan:
    """Write the change down, and have it carried to the account's rows; somebody else's newer word stands."""
    plans = account.control.plans
    stored, action = plans.find(CURRENT), "regained plan" if news.has_plan else "lost plan"
    if stored is None or stored.value.issued_at < news.issued_at:
        with (
            ignore_conflict("another token told the plan", account_id=account.id),
            account.change(actor, action, {}) as change,
        ):
            change.due(Work.PLAN, ALL, news.since)
            change.write(plans.saved(stored.now(news)) if stored else plans.added(news))
            change.send(PlanOrder(account_id=account.id))
    return _look(account)
