"""How long each thing is kept. Housekeeping, purge jobs and removals take away what is older."""

from datetime import timedelta

HOUSEKEEPING_EVERY = timedelta(hours=24)

CONSENT_FLOWS = timedelta(hours=24)  # from their start, whatever became of them
IDEMPOTENT_ANSWERS = timedelta(hours=24)  # answers to requests with an Idempotency-Key
READING_CHECKPOINTS = timedelta(hours=2)  # pages of a reading that was interrupted; after that it starts again
AUDIT_ENTRIES = timedelta(days=400)
RUNS_PER_TENANT = 200  # four days of syncs every 30 minutes

UNMAPPED_DATA = timedelta(days=30)  # synced data, from the end of its mapping
DATA_WITHOUT_PLAN = timedelta(days=30)  # synced data, from the day the account lost its plan
VANISHED_CUSTOMERS = timedelta(days=90)  # rows of a CSP's customers that Microsoft lists no more and nobody mapped
REMOVAL_RECORDS = timedelta(days=30)  # a removal's steps and receipt, from its verification
