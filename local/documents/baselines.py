"""Writes docs/baselines.md, the list of controls that tenants are judged by, from the files of the baselines.

``python -m local.documents.baselines docs/baselines.md``
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from integrations.domain.baselines.catalogue import Catalogue, Family, catalogue
from integrations.domain.baselines.control import BaselineControl
from integrations.domain.baselines.tenant import LICENSES
from integrations.domain.evaluations.controls import reads_of
from integrations.microsoft.registry import DATASETS

_INTRODUCTION = """# Baselines

What a tenant is judged by. `make baselines` writes this page from the files in `integrations/baselines`. How such a
file is written stands in `integrations/domain/baselines/catalogue.py`.

A control has one of these verdicts:

| verdict | meaning |
|---|---|
| met | It is as the control requires. |
| narrowed | Policies do what is required, but under conditions that leave some sign-ins out. |
| not met | It is not as the control requires. |
| unlicensed | The tenant does not have the licence that the control needs. |
| not applicable | The tenant does not use what the control is about. |
| unknown | Something that decides about it could not be read. The verdict names what, and the permission. |
| not checked | Microsoft Graph does not say. The reason tells where to look. |

There are two profiles. `strict` is the usual one. `scuba` judges as CISA's own tool ScubaGear does: it takes a policy
that applies under further conditions for one that applies always, asks for the exact value in a few places, and takes
for empty what only some answers need and was not read.

Missing, null and empty are three things. A value that Microsoft did not send is unknown, unless the control has a
default. Rows that could not be read again count for twice the time after which they are usually read, and for twelve
hours at least. Then they are unknown.
"""


def document(baselines: Catalogue) -> str:
    """The whole page."""
    parts = [
        _INTRODUCTION,
        *(_family(baselines, it) for it in baselines.families),
        _privileged(baselines),
        _read(baselines),
    ]
    return "\n".join(parts)


def _family(baselines: Catalogue, family: Family) -> str:
    controls = [it for it in baselines.controls.values() if it.family == family.id]
    heading = f"## {family.title} ({family.version})\n\n{len(controls)} controls."
    head = "| control | severity | it is met when | reads | licence |\n|---|---|---|---|---|"
    return "\n".join((heading, "", head, *map(_row, controls), ""))


def _row(control: BaselineControl) -> str:
    when = control.requires
    if control.not_checked:
        when += f" **Not checked:** {control.not_checked}"
    beta = " (beta)" if control.beta else ""
    reads = ", ".join(f"`{it}`" for it in (*control.reads, *control.may_read)) + beta
    license_name = LICENSES[control.license][0] if control.license else ""
    cells = (f"[{control.id}]({control.link})<br>{control.title}", control.severity, when, reads, license_name)
    return f"| {' | '.join(cells)} |"


def _privileged(baselines: Catalogue) -> str:
    roles = "\n".join(f"- {name} (`{key}`)" for key, name in baselines.roles.items())
    return f"## Privileged roles\n\nThese roles count as privileged:\n\n{roles}\n"


def _read(baselines: Catalogue) -> str:
    head = "## What is read, and the permission for it\n\n| data set | permission | needed by |\n|---|---|---|"
    return "\n".join((head, *_datasets(baselines), ""))


def _datasets(baselines: Catalogue) -> Iterator[str]:
    for dataset in DATASETS:
        if dataset.name in baselines.reads():
            needing = [it.id for it in baselines.controls.values() if dataset.name in reads_of(it)]
            shown = ", ".join(needing) if len(needing) <= 6 else f"{len(needing)} controls"
            yield f"| `{dataset.name}`{' (beta)' if dataset.is_beta else ''} | {dataset.permission} | {shown} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(catalogue()), encoding="utf-8")
