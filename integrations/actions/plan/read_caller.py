"""Read who is signed in, and whether the account's plan allows changes."""

from integrations.actions.actors import Actor
from integrations.actions.plan.learn_plan import learn_plan
from integrations.caller import Caller
from integrations.domain.plan import PLAN_NEEDED, PLAN_REMEDY
from integrations.services import Services
from integrations.views.caller import CallerView


def read_caller(services: Services, actor: Actor, caller: Caller) -> CallerView:
    """The caller, as every route judges them.

    Raises:
        Unavailable: storage does not answer.
    """
    can_manage = learn_plan(services, actor, caller) and caller.on_team_plan
    return CallerView(
        user_id=caller.user_id,
        name=caller.name,
        can_manage=can_manage,
        detail="" if can_manage else PLAN_NEEDED,
        remedy="" if can_manage else PLAN_REMEDY,
    )
