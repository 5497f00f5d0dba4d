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
from integrations.storage.data.store import StoredData
from integrations.views.datasets import NOT_MAPPED, Part, as_of, state_of
from integrations.views.security.licenses import LicenseFigures, license_figures
from integrations.views.security.mfa import MfaFigures, mfa_figures
from integrations.views.security.secure_score import SecureScoreView, secure_score_view

T = TypeVar("T", bound=msgspec.Struct)


class TenantData:
    """What is stored of a tenant under its present mapping; nothing, while it is not mapped.

    ``cursors`` has the cursor of every data set that was ever read, ``pending`` the changes that evaluations have not
    used yet, by data set.
    """

    def __init__(self, services: Services, account_id: AccountId, tenant: Tenant) -> None:
        where = account_id, tenant.tenant_id, tenant.epoch
        self._off = services.settings.evaluations_off
        self._derived = services.derived(*where) if tenant.mapping else None
        self._standing = services.data(*where).state(tenant.confirmed) if tenant.mapping else None
        self.cursors: dict[str, Cursor] = self._standing.cursors if self._standing else {}
        self.pending: dict[str, Pending] = self._standing.pending if self._standing else {}

    @property
    def is_mapped(self) -> bool:
        return self._standing is not None

    @property
    def evaluations(self) -> dict[str, Cursor]:
        """The cursor of every evaluation that ever ran, failed or was switched off."""
        return self._evaluated.cursors if self._evaluated else {}

    def derived(self, evaluation: Evaluation, model: type[T]) -> list[T] | None:
        """All rows of an evaluation; None when it never ran, or is switched off and so not kept up to date."""
        found = self.each_derived(evaluation, model)
        return None if found is None else list(found)

    def each_derived(self, evaluation: Evaluation, model: type[T]) -> Iterator[T] | None:
        """The same, with one page of rows in memory at a time, for evaluations that have many."""
        if self._evaluated is None or not self._has_derived(evaluation):
            return None
        return (body for _, body in self._evaluated.rows.all(evaluation.name, model))

    @cached_property
    def _evaluated(self) -> StoredData | None:
        return self._derived.state() if self._derived else None

    def _has_derived(self, evaluation: Evaluation) -> bool:
        return evaluation.name not in self._off and has_rows(self.evaluations.get(evaluation.name))

    def rows(self, dataset: str, model: type[T]) -> list[T]:
        """All rows of a data set; storage is not asked for one that was never read."""
        if self._standing is None or dataset not in self.cursors:
            return []
        return [body for _, body in self._standing.rows.all(dataset, model)]

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
        return NOT_MAPPED if self._standing is None else state_of(cursor)
