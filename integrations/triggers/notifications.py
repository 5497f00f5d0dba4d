"""Microsoft's door: it proves that it reaches us, and tells that something changed."""

from integrations.actions.sync.change_notifications import Notifications, hear
from integrations.triggers.doors import Call, Doors, Need
from shared.errors import Invalid, Problem
from shared.http.answers import Answer

_TEXT = "text/plain; charset=utf-8"
_LONGEST_TOKEN = 1024


def add_doors(doors: Doors) -> None:
    @doors.door(
        "POST",
        "notifications",
        needs=Need.NOTHING,
        summary="Microsoft Graph's change notifications: a nudge to look, and nothing that is believed.",
        query={"validationToken": "Microsoft's own token, given back as it came"},
        body=Notifications,
        answers={202: None},
        in_api=False,
    )
    def post_notifications(call: Call) -> Answer:
        token = call.query("validationToken")
        if len(token) > _LONGEST_TOKEN:
            told = Problem("/validationToken", f"at most {_LONGEST_TOKEN} characters")
            raise Invalid("The token is too long to be Microsoft's.", problems=[told])
        if token:
            return Answer(200, token.encode(), content_type=_TEXT)
        hear(call.services, call.body(Notifications).value)
        return Answer(202)
