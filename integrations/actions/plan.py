"""The account's plan, learnt from the portal tokens of its administrators."""

from integrations.actions.recording import Actor, announce, audit, dispatch, message
from integrations.domain.orders import PlanOrder
from integrations.domain.plan import Belief, KnownPlan, told
from integrations.services import Services
from integrations.storage.control import CURRENT, Clash, Control
from integrations.storage.due import ALL, Due, Work
from shared.caller import Caller

_MOST_ACCOUNTS = 10_000


def believe_token(services: Services, actor: Actor, caller: Caller) -> bool:
    """Whether the account is on the plan, as the newest token tells: this one, or one that came before it.

    A change is written down and carried to the account's rows by ``apply_plan``. What is known is read once a
    minute and process.
    """
    control, now = services.control(actor.account_id), services.clock()
    known = services.plans.get(actor.account_id)
    if known is None or not known.is_fresh(now):
        known = _look(control, known, services)
    news = told(known, has_plan=caller.on_team_plan, issued_at=caller.issued_at, now=now)
    if news is not None and _matters(control, known, news):
        known = _write(services, actor, control, news)
    elif caller.on_team_plan is known.has_plan:
        known = known.agreed(caller.issued_at)
    if len(services.plans) >= _MOST_ACCOUNTS:
        services.plans.clear()
    services.plans[actor.account_id] = known
    return known.has_plan


def _look(control: Control, known: KnownPlan | None, services: Services) -> KnownPlan:
    stored = control.plans.find(CURRENT)
    return KnownPlan(services.clock(), stored.value if stored else None, known.newest if known else None)


def _matters(control: Control, known: KnownPlan, news: Belief) -> bool:
    """An account that never integrated anything has no plan to lose."""
    return known.belief is not None or news.has_plan or bool(control.integrations.list(limit=1))


def _write(services: Services, actor: Actor, control: Control, news: Belief) -> KnownPlan:
    """Write the change down, and have it carried to the account's rows; somebody else's newer word stands."""
    services.due.put(Due(Work.PLAN, actor.account_id, ALL, news.since))
    announce(services, actor.account_id)
    stored = control.plans.find(CURRENT)
    if stored is None or stored.value.issued_at < news.issued_at:
        note = audit(services, control, actor, "regained plan" if news.has_plan else "lost plan", {})
        write = control.plans.saved(stored.now(news)) if stored else control.plans.added(news)
        try:
            control.commit(write, note, message(control, PlanOrder(account_id=actor.account_id)))
        except Clash:
            return _look(control, None, services)
        dispatch(services, control)
    return _look(control, None, services)
