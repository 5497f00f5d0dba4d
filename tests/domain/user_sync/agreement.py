"""The plan beside a slow and obvious one."""

from typing import Any

from integrations.domain.user_sync.links import QueueItem
from integrations.domain.user_sync.plan import _Planner
from integrations.domain.user_sync.scope.reasons import LeftOutReason, SkipReason
from integrations.domain.user_sync.settings import SyncedField
from tests.domain.user_sync.reference import Reference, lower
from tests.domain.user_sync.worlds import World

Agreed = dict[str, Any]


def of_app(made: World) -> Agreed:
    """What the plan makes of a world."""
    outcomes = _Planner(made.inputs())._outcomes if made.settings.is_on else {}
    made.run()
    return {"outcomes": {it: told for it, outcome in outcomes.items() if (told := _told(outcome))}, **_stored(made)}


def _stored(made: World) -> Agreed:
    linked = {it.object_id: it.end_user_id for it in made.links.values() if it.end_user_id in made.end_users}
    people = made.end_users.values()
    return {
        "linked": {it: end_user for it, end_user in linked.items() if it in made.users},
        "mails": {it.id: lower(mail) for it in people if (mail := it.values.get(SyncedField.MAIL))},
        "titles": {it.id: title for it in people if (title := it.values.get(SyncedField.JOB_TITLE))},
        "organizations": {it.id: it.organization_id for it in people},
        "active": {it.id: (it.is_active, it.inactive_because.value if it.inactive_because else None) for it in people},
    }


def _told(outcome: object) -> Any:
    if isinstance(outcome, QueueItem):
        return "question", outcome.kind.value, {it.end_user_id for it in outcome.candidates}
    return ("skipped", outcome.value) if isinstance(outcome, LeftOutReason | SkipReason) else None


def of_reference(made: World) -> Agreed:
    if not made.settings.is_on:
        return {"outcomes": {}, **_stored(made)}
    reference = Reference(made.inputs())
    return {
        "outcomes": {it: found for it, found in reference.outcomes.items() if found[0] in {"question", "skipped"}},
        "linked": reference.linked,
        "mails": reference.mails(),
        "titles": reference.titles(),
        "organizations": {it: reference.organization_after(it) for it in reference.everybody()},
        "active": reference.active(),
    }
