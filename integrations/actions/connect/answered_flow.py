"""A journey that Microsoft has answered: found by the answer's state, and written down as it goes on."""

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.connect.csp_sign_in import failed_attempt
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
    """No flow of ours waits for this; every such request gets the same words."""

    code = "not_an_answer"
    title = "This is not a response we are waiting for"
    remedy = "Go back to the page and start again from the Integrate button."


class AnswerUsed(Conflict):
    code = "answer_used"
    title = "This response from Microsoft has already been used"
    remedy = "Go back to the page. It shows the status of your sign-in."


class AnsweredFlow(NamedTuple):
    """A flow with its account; a write raises AnswerUsed when another answer, or a look at the flow, was faster."""

    account: Account
    actor: Actor
    stored: Stored[Flow]

    @property
    def flow(self) -> Flow:
        return self.stored.value

    def burnt(self, onward: str) -> "AnsweredFlow":
        """Use the answer up before anything is done with it: of many who bring it, one gets through."""
        flows = self.account.control.flows
        try:
            with self.account.change() as change:
                change.write(flows.saved(self.stored.now(consume_state(self.flow, onward))))
        except VersionConflict:
            raise AnswerUsed from None
        fresh = flows.find(self.flow.id)
        if fresh is None:
            raise NotAnAnswer
        return self._replace(stored=fresh)

    def save(self, flow: Flow, action: str) -> None:
        """Write the flow as it is now, with an audit entry."""
        with self._change(flow, action):
            pass  # nothing but the flow

    def go_on(self, flow: Flow, action: str) -> None:
        """Save the flow, and have it proved by a message of its own."""
        with self._change(flow, action) as change:
            change.send(ConsentOrder(account_id=flow.account_id, flow_id=flow.id))

    def close(self, flow: Flow, action: str) -> None:
        """Save a flow that ended here, with what its failure leaves on the CSP."""
        reason = flow.failure.value if flow.failure else ""
        log(action, flow_id=flow.id, account_id=flow.account_id, reason=reason)
        with self._change(flow, action, outcome="refused", reason=reason) as change:
            change.write(*failed_attempt(self.account.control, flow, self.account.services.clock()))

    @contextlib.contextmanager
    def _change(self, flow: Flow, action: str, *, outcome: str = "done", reason: str = "") -> Iterator[Change]:
        """The flow as it is now, to be written together with what the block adds."""
        account, subject = self.account, {"flow_id": flow.id}
        try:
            with account.change(self.actor, action, subject, outcome=outcome, reason=reason) as change:
                change.due(Work.CONSENT, flow.id, flow.check_at(account.services.clock()))
                change.write(account.control.flows.saved(self.stored.now(flow)))
                yield change
        except VersionConflict:
            raise AnswerUsed from None


def find_answered_flow(services: Services, kind: Kind, state: str, trace_id: str) -> AnsweredFlow:
    """The journey that waits for an answer with this state.

    Raises:
        NotAnAnswer: none does.
        AnswerUsed: it waited for it once.
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
