"""One table of Entra's codes: each is known, and leads on every journey to somebody who can help."""

import pytest

from tests.shared.sign_in.published import KNOWN_BESIDES, PUBLISHED

A7 = pytest.mark.xfail(strict=True, reason="A7: refusals with the wrong advice")


@A7
def test_every_published_code_is_in_the_table() -> None:
    from shared.sign_in.codes import KIND_OF_CODE

    assert {*PUBLISHED, *KNOWN_BESIDES} - KIND_OF_CODE.keys() == set()


@A7
def test_every_code_of_the_table_leads_on_every_journey_to_a_remedy() -> None:
    from integrations.actions.refusals import cause_of, csp_cause_of, failure_of, hindrance_of
    from integrations.domain.connections import Kind
    from integrations.domain.consent import ADVICE
    from integrations.domain.csp_page import said_of
    from integrations.domain.statuses import EXPLANATIONS, SyncLabel
    from shared.graph import Transient
    from shared.sign_in import OperatorFault
    from shared.sign_in.codes import KIND_OF_CODE
    from shared.sign_in.refusals import raised, refusal

    for code in KIND_OF_CODE:
        error = raised(refusal({"error": "invalid_grant", "error_codes": [code]}))
        for kind in Kind:
            assert ADVICE[failure_of(error, kind)].remedy
        if isinstance(error, Transient | OperatorFault):
            assert EXPLANATIONS[cause_of(error)].label is SyncLabel.PENDING
            continue
        assert EXPLANATIONS[cause_of(error)].label is SyncLabel.AUTH_ERROR
        assert EXPLANATIONS[csp_cause_of(error)].label in {SyncLabel.AUTH_FAILED, SyncLabel.ERROR}
        assert said_of(hindrance_of(error)).remedy
