"""The synced and derived rows of one tenant, read for its views."""

from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

import msgspec

from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.ids import AccountId
from integrations.domain.integrations import Tenant
from integrations.domain.sync.datasets import Cursor, has_rows
from integrations.domain.sync.records import License
from integrations.domain.sync.security_records import SecureScore
from integrations.services import Services
from integrations.storage.data.pending import Pending
from integrations.views.datasets import NOT_MAPPED, Part, as_of, state_of
from integrations.views.security.licenses import LicenseFigures, license_figures
from integrations.views.security.mfa import MfaFigures, mfa_figures
from integrations.views.security.secure_score import SecureScoreView, secure_score_view

T = TypeVar("T", bound=msgspec.Struct)

_EVERY_ROW = 1_000_000


class TenantData:
    """What is stored of a tenant under its present mapping; nothing, while it is not mapped.

    ``cursors`` has the cursor of every data set that was ever read, ``pending`` the changes that evaluations have not
    used yet, by data set.
    """

    def __init__(self, services: Services, account_id: AccountId, tenant: Tenant) -> None:
        where = account_id, tenant.tenant_id, tenant.epoch
        is_mapped = tenant.mapping is not None
        self._off = services.settings.evaluations_off
        self._data = services.data(*where) if is_mapped else None
        self._derived = services.derived(*where) if is_mapped else None
        standing = self._data.state(tenant.confirmed) if self._data else None
        self.cursors: dict[str, Cursor] = standing.cursors if standing else {}
        self.pending: dict[str, Pending] = standing.pending if standing else {}

    @property
    def is_mapped(self) -> bool:
        return self._data is not None

    @cached_property
    def evaluations(self) -> dict[str, Cursor]:
        """The cursor of every evaluation that ever ran, failed or was switched off."""
        return self._derived.cursors() if self._derived else {}

    def derived(self, evaluation: Evaluation, model: type[T]) -> list[T] | None:
        """All rows of an evaluation; None when it never ran, or is switched off and so not kept up to date."""
        if self._derived is None or not self._has_derived(evaluation):
            return None
        return [body for _, body in self._derived.list(evaluation.name, model, limit=_EVERY_ROW)]

    def each_derived(self, evaluation: Evaluation, model: type[T]) -> Iterator[T] | None:
        """The same, with one page of rows in memory at a time, for evaluations that have many."""
        if self._derived is None or not self._has_derived(evaluation):
            return None
        return (body for _, body in self._derived.state().rows.all(evaluation.name, model))

    def _has_derived(self, evaluation: Evaluation) -> bool:
        return evaluation.name not in self._off and has_rows(self.evaluations.get(evaluation.name))

    def rows(self, dataset: str, model: type[T]) -> list[T]:
        """All rows of a data set; storage is not asked for one that was never read."""
        if self._data is None or dataset not in self.cursors:
            return []
        return [body for _, body in self._data.list(dataset, model, limit=_EVERY_ROW)]

    def part(self, dataset: str, model: type[T]) -> Part[T]:
        """All rows of a small data set with its state."""
        cursor = self.cursors.get(dataset)
        return Part(items=self.rows(dataset, model), state=self._state(cursor), as_of=as_of(cursor))

    def secure_score(self, scores: list[SecureScore]) -> SecureScoreView:
        cursor = self.cursors.get("secure_score")
        return msgspec.structs.replace(secure_score_view(scores, cursor), state=self._state(cursor))

    def mfa(self) -> MfaFigures:
        cursor = self.cursors.get("registrations")
        return msgspec.structs.replace(mfa_figures(cursor), state=self._state(cursor))

    def licenses(self) -> LicenseFigures:
        cursor = self.cursors.get("licenses")
        return msgspec.structs.replace(
            license_figures(self.rows("licenses", License), cursor), state=self._state(cursor)
        )

    def _state(self, cursor: Cursor | None) -> str:
        return NOT_MAPPED if self._data is None else state_of(cursor)
