"""Change notifications: who wants to be told of changes, that they can be reached, and what they are told.

Sources: https://learn.microsoft.com/graph/api/subscription-post-subscriptions,
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
"""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import GraphError, bad, denied, missing
from local.microsoft.graph.kinds import Kind, every, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.permissions import GROUP_NEWS, USERS
from local.microsoft.tenants import Tenant

_SUBSCRIPTION = Kind(
    "subscription",
    dict.fromkeys(
        (
            "id", "applicationId", "changeType", "clientState", "creatorId", "encryptionCertificate",
            "encryptionCertificateId", "expirationDateTime", "includeResourceData", "latestSupportedTlsVersion",
            "lifecycleNotificationUrl", "notificationQueryOptions", "notificationUrl", "notificationUrlAppId",
            "resource",
        )
    ),
)  # fmt: skip
_LONGEST = timedelta(minutes=41_760)
_MOST = 100  # of one application in one tenant
_ANSWERS_WITHIN_S = 10.0
_NEEDS = {"users": USERS, "groups": GROUP_NEWS}
_VALIDATION = "Validation: Testing client application reachability for change notifications."


class _Wanted(msgspec.Struct, rename="camel"):
    change_type: str
    notification_url: str
    resource: str
    expiration_date_time: datetime
    lifecycle_notification_url: str | None = None
    client_state: str | None = None


def subscribe(ask: Ask) -> Reply:
    try:
        wanted = msgspec.json.decode(ask.body, type=_Wanted)
    except msgspec.MsgspecError as error:
        raise bad("The request body is not a subscription.", "InvalidRequest") from error
    resource = wanted.resource.strip("/")
    _check(ask, wanted, resource)
    for url in filter(None, (wanted.notification_url, wanted.lifecycle_notification_url)):
        _validate(url)
    made: Object = {
        "id": ask.world.new_id("5b5c"),
        "applicationId": ask.caller.client_id,
        "changeType": wanted.change_type,
        "clientState": wanted.client_state,
        "expirationDateTime": wanted.expiration_date_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "latestSupportedTlsVersion": "v1_2",
        "lifecycleNotificationUrl": wanted.lifecycle_notification_url,
        "notificationUrl": wanted.notification_url,
        "resource": resource,
    }
    ask.tenant.subscriptions[made["id"]] = made
    reply = one(ask, _SUBSCRIPTION, {**made, "clientState": None}, "subscriptions")
    return Reply(201, reply.body, reply.headers)


def subscriptions(ask: Ask) -> Reply:
    mine = [it for it in ask.tenant.subscriptions.values() if it["applicationId"] == ask.caller.client_id]
    return every(ask, _SUBSCRIPTION, [{**it, "clientState": None} for it in mine], "subscriptions")


def unsubscribe(ask: Ask, key: str) -> Reply:
    if ask.tenant.subscriptions.pop(key, None) is None:
        raise missing("The object was not found.")
    return Reply(204)


def tell(tenant: Tenant, resource: str, changes: dict[str, Any]) -> list[int]:
    """Tell everybody who wanted to know of a change; ``changes`` replace fields of what is told."""
    return [
        _post(it["notificationUrl"], {"value": [{**_told(tenant, it), **changes}]})
        for it in list(tenant.subscriptions.values())
        if it["resource"] == resource
    ]


def _check(ask: Ask, wanted: _Wanted, resource: str) -> None:
    if resource not in _NEEDS or not set(wanted.change_type.split(",")) <= {"updated", "deleted"}:
        raise bad("The subscription's resource or change type is not supported.", "InvalidRequest")
    if not ask.caller.may(_NEEDS[resource]):
        raise denied()
    now = datetime.now(UTC) + timedelta(seconds=ask.world.switches.clock_offset_s)
    if not now < wanted.expiration_date_time <= now + _LONGEST:
        raise bad("Subscription expiration can only be 41760 minutes in the future.", "InvalidRequest")
    if len(wanted.client_state or "") > 128:
        raise bad("clientState is longer than 128 characters.", "InvalidRequest")
    mine = [it for it in ask.tenant.subscriptions.values() if it["applicationId"] == ask.caller.client_id]
    if len(mine) >= _MOST:
        raise GraphError(403, "Forbidden", "The application has reached its quota of subscriptions.")
    if any(it["resource"] == resource and it["notificationUrl"] == wanted.notification_url for it in mine):
        raise GraphError(409, "ConflictingObjects", "A subscription for this resource and address exists.")


def _validate(url: str) -> None:
    """The address must answer with the very token it was asked with."""
    token = "Validation: Testing reachability + <b>&"  # noqa: S105 - no secret
    request = urllib.request.Request(f"{url}?validationToken={quote(token)}", data=b"", method="POST")  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN_S) as answer:  # noqa: S310 - as above
            kind, body = answer.headers.get_content_type(), answer.read(1024)
    except OSError as error:
        raise bad(f"Subscription validation request failed. {_VALIDATION}", "ValidationError") from error
    if (answer.status, kind, body) != (200, "text/plain", token.encode()):
        raise bad(f"Subscription validation request must answer with the token. {_VALIDATION}", "ValidationError")


def _told(tenant: Tenant, it: Object) -> Object:
    return {
        "subscriptionId": it["id"],
        "subscriptionExpirationDateTime": it["expirationDateTime"],
        "changeType": "updated",
        "resource": f"{it['resource'].capitalize()}/{tenant.id}",
        "clientState": it["clientState"],
        "tenantId": tenant.id,
        "resourceData": {"@odata.type": f"#Microsoft.Graph.{it['resource'][:-1].capitalize()}", "id": tenant.id},
    }


def _post(url: str, body: Object) -> int:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, data=json.dumps(body).encode(), method="POST", headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN_S) as answer:  # noqa: S310 - as above
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
