"""Writes ``docs/performance.md`` from one run."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks import costs
from local.processes import ROOT

_BREAKS = ROOT / "benchmarks" / "what_breaks_first.md"
_AT_ONCE = 4  # host.json: batchSize of the queues


def write_report(lines: Sequence[dict[str, Any]]) -> None:
    """One file, made anew at each run."""
    parts = [_head(), _storage(lines), _figures(lines), _costs(lines), _BREAKS.read_text()]
    (ROOT / "docs" / "performance.md").write_text("\n".join(parts))


def _head() -> str:
    cores, now = os.cpu_count(), datetime.now(UTC).date()
    return (
        "# Performance\n\n"
        "Written by `make bench`; do not edit. What each program measures: `benchmarks/README.md`.\n\n"
        f"Measured on {now} on {cores} shared cores ({platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}), over loopback, against Azurite and the simulated\n"
        "Microsoft cloud. CPU is that of the client process alone. Trust ratios, not seconds.\n"
    )


def _storage(lines: Sequence[dict[str, Any]]) -> str:
    """Which emulator each figure was measured with; figures of different ones do not compare."""
    used: dict[str, list[str]] = {}
    for line in lines:
        for emulator in line.get("storage", ["an Azurite that was not recorded"]):
            used.setdefault(emulator, []).append(line["name"])
    rows = [f"- {emulator}: {', '.join(sorted(names))}" for emulator, names in sorted(used.items())]
    if len(rows) == 1:
        return f"Storage: {next(iter(used))} (`local/azurite-lookups.cjs`).\n"
    return "\n".join(["Storage (the lookup patch is `local/azurite-lookups.cjs`):\n", *rows]) + "\n"


def _figures(lines: Sequence[dict[str, Any]]) -> str:
    rows = ["## Goals\n", "| | ratio | against | goal | | figures |", "|---|--:|---|---|---|---|"]
    for line in sorted(lines, key=lambda it: (int(it["name"].split("-")[0][1:]), it["name"])):
        told = ", ".join(f"{name} {value}" for name, value in line["figures"].items())
        met = "met" if line["met"] else "**missed**"
        rows.append(f"| {line['name']} | {line['ratio']:.3g} | {line['against']} | {line['goal']} | {met} | {told} |")
    return "\n".join(rows) + "\n"


def _costs(lines: Sequence[dict[str, Any]]) -> str:
    figures = {it["name"]: it["figures"] for it in lines}
    if not {"P3-table-operations", "P7-steady"} <= figures.keys():
        return "## Cost of a tenant\n\nNot calculated: P3 or P7 was not measured in this run.\n"
    counted, cycle_s = figures["P3-table-operations"]["average_of_48"], figures["P7-steady"]["cycle_s"]
    about = (
        f"A month of {costs.CYCLES_A_MONTH} quiet cycles, {counted} table operations each (P3), of {cycle_s} s each "
        f"(P7: Microsoft 100 ms away, storage near).\nAssumed: {_AT_ONCE} run at once on an instance of "
        f"{costs.INSTANCE_GB:.0f} GB, and a row takes {costs.ROW_KB:.0f} kB.\n"
    )
    rows = [
        "## Cost of a tenant\n",
        about,
        "| users | table transactions | queue operations | GB-s | US dollars a month | of which |",
        "|--:|--:|--:|--:|--:|---|",
    ]
    for users in (100, 10_000, 100_000):
        month = costs.month(table_a_cycle=counted, wall_s=cycle_s, users=users, at_once=_AT_ONCE)
        told = ", ".join(f"{what} {dollars:.5f}" for what, dollars in month.dollars.items())
        total = sum(month.dollars.values())
        rows.append(
            f"| {users:,} | {month.table:,.0f} | {month.queue:,.0f} | {month.gb_s:,.0f} | {total:.4f} | {told} |"
        )
    rows.append("\nThese prices are assumptions. Check them before you rely on them:\n")
    rows += [
        f"- {it.what}: ${it.dollars:g} ({it.source})"
        for it in (costs.TABLE, costs.QUEUE, costs.MEMORY_TIME, costs.EXECUTIONS, costs.STORED)
    ]
    return "\n".join(rows) + "\n"
