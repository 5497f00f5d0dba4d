"""The main journey by a client that was made from docs/openapi.json; runs in an environment of its own.

``python journey.py <address> <token>``: where somebody else has to act, it writes a line of JSON, ``{"browser": url}``
for whoever signs in at Microsoft or ``{"queues": true}`` for the workers, and goes on when a line comes in. At the end
it writes ``{"done": {...}}`` with what it has seen.
"""

import json
import sys
from typing import Any

from portal_client import AuthenticatedClient
from portal_client.api.consent import get_flow, post_complete, post_integration
from portal_client.api.organizations import get_organizations, post_organization
from portal_client.api.removals import delete_integration, get_removal, get_removal_effects
from portal_client.api.tenants import get_integrations, get_run, get_users, post_sync, put_mapping
from portal_client.models import (
    FlowView,
    Kind,
    MapTenant,
    OrganizationBody,
    ProblemBody,
    StartIntegration,
)


def asks(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


def main(address: str, token: str) -> None:
    client = AuthenticatedClient(base_url=f"{address}/api", token=token)

    started = post_integration.sync(client=client, body=StartIntegration(kind=Kind.SINGLE))
    asks({"browser": started.authorize_url})
    flow = get_flow.sync(started.flow_id, client=client)
    asks({"browser": flow.continue_url})
    asks({"queues": True})
    proven: FlowView = get_flow.sync(started.flow_id, client=client)
    completed = post_complete.sync(started.flow_id, client=client, idempotency_key="complete")
    again = post_complete.sync_detailed(started.flow_id, client=client, idempotency_key="complete")

    organization = post_organization.sync(client=client, body=OrganizationBody(name="Contoso", domains=["a.example"]))
    tenant = proven.tenant.id
    put_mapping.sync(tenant, client=client, body=MapTenant(organization_id=organization.id))
    asks({"queues": True})
    ordered = post_sync.sync(tenant, client=client)
    asks({"queues": True})
    run = get_run.sync(tenant, ordered.run_id, client=client)

    users, cursor = [], None
    while True:
        page = get_users.sync(tenant, client=client, limit=2, **({"cursor": cursor} if cursor else {}))
        users += [it.name for it in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    row = get_integrations.sync(client=client, mapped=True).tenants.items[0]
    refused = get_organizations.sync(client=client, cursor="!")

    integration = completed.integration_id
    effects = get_removal_effects.sync(integration, client=client)
    begun = delete_integration.sync(integration, client=client, confirm=effects.confirm)
    asks({"queues": True})
    removal = get_removal.sync(begun.removal_id, client=client)

    seen = {
        "flow": [flow.state.value, proven.state.value],
        "replayed": again.headers["Idempotency-Replayed"],
        "organization": [organization.name, *organization.domains],
        "run": [run.state.value, sorted(it.dataset for it in run.datasets)],
        "users": users,
        "row": [row.name, row.sync_status.label.value, row.csp_auth, row.last_sync_at.isoformat()],
        "refused": [refused.errors[0].parameter, refused.status] if isinstance(refused, ProblemBody) else [],
        "removal": [removal.state.value, [it.state.value for it in removal.steps]],
    }
    sys.stdout.write(json.dumps({"done": seen}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
