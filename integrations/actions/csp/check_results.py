"""The checks of a CSP run as they are made: outcome, time and evidence of each."""

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
    """A check under way: passed, unless somebody says otherwise."""

    state: CheckState = CheckState.PASSED
    detail: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    def fail(self, detail: str) -> None:
        self.state, self.detail = CheckState.FAILED, detail

    def leave_open(self, detail: str) -> None:
        self.state, self.detail = CheckState.UNKNOWN, detail


class Checks:
    """All checks of one run."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.all: list[Check] = []

    @contextmanager
    def made(self, name: CheckName) -> Iterator[CheckInProgress]:
        """Make one check; an error that leaves the block fails it, and goes on."""
        making, began = CheckInProgress(), time.monotonic()
        try:
            yield making
        except Exception as error:
            if making.state is CheckState.PASSED:
                making.fail("")
                making.evidence.setdefault("error", getattr(error, "stable_code", type(error).__name__))
            raise
        finally:
            self.add(name, making, seconds=round(time.monotonic() - began, 3))

    def add(self, name: CheckName, making: CheckInProgress, *, seconds: float = 0.0) -> None:
        self.all.append(
            Check(
                check=name,
                state=making.state,
                at=self._clock(),
                detail=making.detail,
                seconds=seconds,
                evidence=making.evidence,
            )
        )

    def add_customers(self, control: Control, integration: Integration) -> None:
        """What holds for how many customers, those that are ignored left out."""
        tenants = [it.value for it in control.tenants.list()]
        told = [it.csp for it in children(tenants, integration.id) if it.csp and not it.csp.is_ignored]
        for name, faults in FAULTS.items():
            failing = sum(1 for it in told if any(finding.auth in faults for finding in it.findings))
            self._add_share(name, failing, len(told))
        unanswered = sum(1 for it in told if it.progress.stage is not Stage.DONE)
        self._add_share(CheckName.GRAPH, unanswered, len(told))

    def _add_share(self, name: CheckName, failing: int, count: int) -> None:
        making = CheckInProgress(evidence={"customers": str(count), "failing": str(failing)})
        if failing:
            making.fail(f"This check fails for {failing} of {count} customers; their rows say why.")
        self.add(name, making)
