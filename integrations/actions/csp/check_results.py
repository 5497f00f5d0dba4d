"""Collects the checks of a CSP run: state, time and evidence of each."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from integrations.domain.csp.customer_checks import of_all
from integrations.domain.csp.customers import counted_children
from integrations.domain.csp.report import Check, CheckName, CheckState
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
        """Add each check of the customers as one, with how many customers fail it."""
        tenants = [it.value for it in control.tenants.list()]
        self.all += of_all(counted_children(tenants, integration.id), self._clock())
