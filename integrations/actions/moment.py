"""The moment at which something is read, with the period by which a missed check is called overdue."""

from datetime import timedelta

from integrations.services import Services
from integrations.views.page import Moment


def moment_of(services: Services) -> Moment:
    return Moment(services.clock(), timedelta(seconds=services.settings.sync_period_s))
