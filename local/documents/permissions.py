"""Writes docs/permissions.md, the list of permissions that our application asks for, from the code.

``python -m local.documents.permissions docs/permissions.md``
"""

import sys
from pathlib import Path

from integrations.actions.read.permissions import permissions
from integrations.microsoft.registry import DATASETS
from integrations.views.connect.permissions import Permission

_INTRODUCTION = """# Permissions

Every application permission of Microsoft Graph that we ask for, all of them only to read. `make permissions` writes
this page from `integrations/microsoft/permissions.py`.

*Required* ones are what onboarding and syncing wait for. Without a *feature* or an *optional* one, what is read with it
is unknown, and nothing else. A single tenant grants all of them when it consents. Customers of a CSP are granted
feature and optional ones once the account has turned the feature on (`PUT /settings`).

`Application.ReadWrite.OwnedBy` is asked for as well, to remove our own application from a single tenant.

| permission | kind | feature | reason | data sets |
|---|---|---|---|---|
"""


def document() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(map(_row, permissions().items)) + "\n"


def _row(permission: Permission) -> str:
    read = ", ".join(f"`{it.name}`" for it in DATASETS if it.permission == permission.name)
    feature = permission.feature.value if permission.feature else ""
    return f"| `{permission.name}` | {permission.kind} | {feature} | {permission.reason} | {read} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
