"""Who has a directory role, active or eligible, from when until when. Needs Entra ID P2.

Sources: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentscheduleinstances,
https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean_or_none
from integrations.microsoft.dataset import ENTRA_ID_P2, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, moment_if_sent

_DIRECTORY = "/roleManagement/directory"


class _GraphInstance(msgspec.Struct, rename="camel"):
    id: str
    role_definition_id: str
    principal_id: str
    directory_scope_id: str | None = None
    assignment_type: str | None = None
    member_type: str | None = None
    start_date_time: GraphDateTime | UnsetType | None = UNSET
    end_date_time: GraphDateTime | UnsetType | None = UNSET


def _read(context: ReadContext) -> Reading:
    schedules = context.by_id_as(_GraphInstance, _to_schedule)
    return Reading(records=[Record(key=key, body=it) for key, it in schedules.items()], is_complete=True)


def _to_schedule(source: _GraphInstance) -> RoleSchedule:
    return RoleSchedule(
        id=source.id,
        role_id=source.role_definition_id,  # of a built-in role the same as its template's
        principal_id=source.principal_id,
        scope=source.directory_scope_id or "/",
        kind=clean_or_none(source.assignment_type),
        member=clean_or_none(source.member_type),
        starts_at=moment_if_sent(source.start_date_time),
        ends_at=moment_if_sent(source.end_date_time),
    )


ROLE_ASSIGNMENTS = Dataset(
    name="role_assignments",
    permission="RoleManagement.Read.Directory",
    record=RoleSchedule,
    first_request=FirstRequest(path=f"{_DIRECTORY}/roleAssignmentScheduleInstances", page=_GraphInstance),
    read=_read,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P2,
)
ROLE_ELIGIBILITIES = Dataset(
    name="role_eligibilities",
    permission="RoleManagement.Read.Directory",
    record=RoleSchedule,
    first_request=FirstRequest(path=f"{_DIRECTORY}/roleEligibilityScheduleInstances", page=_GraphInstance),
    read=_read,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P2,
)
