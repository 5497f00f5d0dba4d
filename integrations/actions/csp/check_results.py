"""Collects the checks of a CSP run: state, time and evidence of each."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from integrations.domain.csp.customers import children
from integrations.domain.csp.onboarding import Stage
from integrations.domain.csp.report import FAULTS, Check, CheckName, CheckState
from integrations.domain.integrations import Integration
from integrations.storage.control import Control


@dataclass
class CheckInProgress:
    """A check under way; it counts as passed unless one of the methods is called."""

    state: CheckState = CheckState.PASSED
    detail: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    def fail(self, detail: str) -> None:
        self.state, self.detail = CheckState.FAILED, detail

    def mark_unknown(self, detail: str) -> None:
        self.state, self.detail = CheckState.UNKNOWN, detail


class Checks:
    """All checks of one run."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.all: list[Check] = []

    @contextmanager
    def record(self, name: CheckName) -> Iterator[CheckInProgress]:
        """Record one check; an error that leaves the block fails the check, and is re-raised."""
        check, began = CheckInProgress(), time.monotonic()
        try:
            yield check
        except Exception as error:
            if check.state is CheckState.PASSED:
                check.fail("")
                check.evidence.setdefault("error", getattr(error, "stable_code", type(error).__name__))
            raise
        finally:
            self.add(name, check, seconds=round(time.monotonic() - began, 3))

    def add(self, name: CheckName, check: CheckInProgress, *, seconds: float = 0.0) -> None:
        self.all.append(
            Check(
                check=name,
                state=check.state,
                at=self._clock(),
                detail=check.detail,
                seconds=seconds,
                evidence=check.evidence,
            )
        )

    def add_customers(self, control: Control, integration: Integration) -> None:
        """Add each check of the customers as one, with how many customers fail it; ignored customers do not count."""
        tenants = [it.value for it in control.tenants.list()]
        customers = [it.csp for it in children(tenants, integration.id) if it.csp and not it.csp.is_ignored]
        for name, faults in FAULTS.items():
            failing = sum(1 for it in customers if any(finding.auth in faults for finding in it.findings))
            self._add_share(name, failing, len(customers))
        unanswered = sum(1 for it in customers if it.progress.stage is not Stage.DONE)
        self._add_share(CheckName.GRAPH, unanswered, len(customers))

    def _add_share(self, name: CheckName, failing: int, count: int) -> None:
        check = CheckInProgress(evidence={"customers": str(count), "failing": str(failing)})
        if failing:
            check.fail(f"This check fails for {failing} of {count} customers; their rows say why.")
        self.add(name, check)
