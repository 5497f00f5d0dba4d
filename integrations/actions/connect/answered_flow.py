"""A consent flow to which Microsoft has responded: found by the response's state, and saved with its progress."""

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.connect.csp_sign_in import writes_of_failed_attempt
from integrations.domain.connect.flow import Flow, consume_state, state_hash
from integrations.domain.integrations import Kind
from integrations.domain.jobs.orders import ConsentOrder
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.errors import Conflict, Invalid
from shared.telemetry.log import log

_STATE = re.compile(r"[A-Za-z0-9_-]{43}")


class NotAnAnswer(Invalid):
    """No flow of ours waits for this response; every such request gets the same text."""

    code = "not_an_answer"
    title = "This is not a response we are waiting for"
    remedy = "Go back to the page and start again from the Integrate button."


class AnswerUsed(Conflict):
    """The response has been used before."""

    code = "answer_used"
    title = "This response from Microsoft has already been used"
    remedy = "Go back to the page. It shows the status of your sign-in."


class AnsweredFlow(NamedTuple):
    """A flow with its account. Writes raise AnswerUsed if another response, or a check of the flow, was faster."""

    account: Account
    actor: Actor
    stored: Stored[Flow]

    @property
    def flow(self) -> Flow:
        return self.stored.value

    def with_state_used(self, next_state_hash: str) -> "AnsweredFlow":
        """Replace the flow's state before the response is processed, so that a response is used only once.

        Raises:
            AnswerUsed: another request with the same response was faster.
        """
        flows = self.account.control.flows
        try:
            with self.account.change() as change:
                change.write(flows.saved(self.stored.now(consume_state(self.flow, next_state_hash))))
        except VersionConflict:
            raise AnswerUsed from None
        stored = flows.find(self.flow.id)
        if stored is None:
            raise NotAnAnswer
        return self._replace(stored=stored)

    def save(self, flow: Flow, action: str) -> None:
        """Save the flow with an audit entry."""
        with self._change(flow, action):
            pass  # nothing but the flow

    def save_and_verify(self, flow: Flow, action: str) -> None:
        """Save the flow, and order its verification by a message."""
        with self._change(flow, action) as change:
            change.send(ConsentOrder(account_id=flow.account_id, flow_id=flow.id))

    def close(self, flow: Flow, action: str) -> None:
        """Save a flow that has ended, and record a failed reauthorization on its CSP."""
        reason = flow.failure.value if flow.failure else ""
        log(action, flow_id=flow.id, account_id=flow.account_id, reason=reason)
        with self._change(flow, action, outcome="refused", reason=reason) as change:
            change.write(*writes_of_failed_attempt(self.account.control, flow, self.account.services.clock()))

    @contextlib.contextmanager
    def _change(self, flow: Flow, action: str, *, outcome: str = "done", reason: str = "") -> Iterator[Change]:
        """Save the flow together with what the block adds."""
        account, subject = self.account, {"flow_id": flow.id}
        try:
            with account.change(self.actor, action, subject, outcome=outcome, reason=reason) as change:
                change.due(Work.CONSENT, flow.id, flow.check_at(account.services.clock()))
                change.write(account.control.flows.saved(self.stored.now(flow)))
                yield change
        except VersionConflict:
            raise AnswerUsed from None


def find_answered_flow(services: Services, kind: Kind, state: str, trace_id: str) -> AnsweredFlow:
    """The flow that waits for a response with this state.

    Raises:
        NotAnAnswer: no flow waits for it.
        AnswerUsed: a flow waited for it, and has got it.
    """
    hashed = state_hash(state)
    pointer = services.callbacks.find(hashed) if _STATE.fullmatch(state) else None
    if pointer is None:
        raise NotAnAnswer
    account = Account(services, pointer.account_id)
    stored = account.control.flows.find(pointer.flow_id)
    if stored is None or stored.value.kind is not kind:
        raise NotAnAnswer
    if stored.value.state_hash != hashed:
        raise AnswerUsed
    seen = stored.now(stored.value.current_at(services.clock()))
    return AnsweredFlow(account, account.system_actor("consent_callback", trace_id), seen)
