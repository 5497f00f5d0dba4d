"""The time at which a view is read, with the period by which a missed check is called overdue."""

from datetime import timedelta

from integrations.services import Services
from integrations.views.status import ReadTime


def read_time(services: Services) -> ReadTime:
    """Now, with the sync period of the settings."""
    return ReadTime(services.clock(), timedelta(seconds=services.settings.sync_period_s))
