"""How long each thing is kept, and how often what was kept long enough is looked for."""

from datetime import timedelta

HOUSEKEEPING_EVERY = timedelta(hours=24)
