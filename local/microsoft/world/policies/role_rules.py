"""The rules of a role management policy, as Microsoft sets them at first.

Source: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from local.microsoft.world.collection import Object

_PREFIX = "#microsoft.graph.unifiedRoleManagementPolicy"
_LEVELS = (("Admin", "Eligibility"), ("Admin", "Assignment"), ("EndUser", "Assignment"))


def _rule(kind: str, key: str, caller: str, level: str, **more: Any) -> Object:
    target = {
        "caller": caller, "operations": ["All"], "level": level, "inheritableSettings": [], "enforcedSettings": [],
    }  # fmt: skip
    return {"@odata.type": f"{_PREFIX}{kind}Rule", "id": key, "target": target, **more}


def _expiration(caller: str, level: str) -> Object:
    is_activation = caller == "EndUser"
    return _rule(
        "Expiration",
        f"Expiration_{caller}_{level}",
        caller,
        level,
        isExpirationRequired=is_activation,
        maximumDuration="PT8H" if is_activation else "P365D",
    )


def _enablement(caller: str, level: str) -> Object:
    enabled = ["Justification"] if level == "Assignment" else []
    return _rule("Enablement", f"Enablement_{caller}_{level}", caller, level, enabledRules=enabled)


def _notification(recipient: str, caller: str, level: str) -> Object:
    return _rule(
        "Notification",
        f"Notification_{recipient}_{caller}_{level}",
        caller,
        level,
        notificationType="Email",
        recipientType=recipient,
        notificationLevel="All",
        isDefaultRecipientsEnabled=True,
        notificationRecipients=[],
    )


_APPROVAL = _rule(
    "Approval",
    "Approval_EndUser_Assignment",
    "EndUser",
    "Assignment",
    setting={
        "isApprovalRequired": False, "isApprovalRequiredForExtension": False, "isRequestorJustificationRequired": True,
        "approvalMode": "SingleStage",
        "approvalStages": [
            {
                "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": True,
                "escalationTimeInMinutes": 0, "isEscalationEnabled": False, "primaryApprovers": [],
                "escalationApprovers": [],
            }
        ],
    },
)  # fmt: skip
_RULES = (
    *(_expiration(*it) for it in _LEVELS),
    *(_enablement(*it) for it in _LEVELS),
    *(_notification(who, *it) for it in _LEVELS for who in ("Admin", "Requestor", "Approver")),
    _APPROVAL,
    _rule(
        "AuthenticationContext",
        "AuthenticationContext_EndUser_Assignment",
        "EndUser",
        "Assignment",
        isEnabled=False,
        claimValue="",
    ),
)


def rules_of(changed: Mapping[str, Object]) -> list[Object]:
    """Every rule, with the properties that the tenant changed, by the rule's id."""
    return [{**deepcopy(it), **changed.get(it["id"], {})} for it in _RULES]
