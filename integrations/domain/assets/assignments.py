"""What becomes of assignments when an End User is merged into another one or erased. Pure."""

import msgspec

from integrations.domain.assets.asset import AssetAssignment
from integrations.domain.ids import EndUserId


def names(assignment: AssetAssignment, end_user_id: EndUserId) -> bool:
    """Whether the asset belongs to this End User, or did."""
    return end_user_id in {assignment.end_user_id, *(it.end_user_id for it in assignment.former)}


def after_merge(assignment: AssetAssignment, other_id: EndUserId, survivor_id: EndUserId) -> AssetAssignment:
    """The assignment after one End User was merged into another one, who has and had what the other one did."""
    former = [
        msgspec.structs.replace(it, end_user_id=survivor_id) if it.end_user_id == other_id else it
        for it in assignment.former
    ]
    end_user_id = survivor_id if assignment.end_user_id == other_id else assignment.end_user_id
    return msgspec.structs.replace(assignment, end_user_id=end_user_id, former=former)


def after_erasure(assignment: AssetAssignment, end_user_id: EndUserId) -> AssetAssignment | None:
    """The assignment without an End User who is erased. None if the asset belonged to that one: anybody may get it."""
    if assignment.end_user_id == end_user_id:
        return None
    former = [it for it in assignment.former if it.end_user_id != end_user_id]
    return msgspec.structs.replace(assignment, former=former)
