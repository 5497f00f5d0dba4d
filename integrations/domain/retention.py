"""How long, or how many of, each thing is kept. Housekeeping, purge jobs and removals delete what is older."""

from datetime import timedelta

HOUSEKEEPING_EVERY = timedelta(hours=24)

CONSENT_FLOWS = timedelta(hours=24)  # from their start, whatever became of them
IDEMPOTENT_ANSWERS = timedelta(hours=24)  # responses to requests with an Idempotency-Key
USER_SYNC_APPROVALS = timedelta(hours=24)  # from when the plan was made; then another one has to be looked at
USER_SYNC_PLANS = timedelta(hours=24)  # what a plan would change, with names and addresses
READING_CHECKPOINTS = timedelta(hours=2)  # pages of an interrupted reading; then it starts again
AUDIT_ENTRIES = timedelta(days=400)
TREND_DAYS = timedelta(days=30)  # the last days in a tenant's summary
HISTORY = timedelta(days=400)  # of a mapped tenant, by whole months; it ends with the mapping
RUNS_PER_TENANT = 200  # four days of syncs every 30 minutes
STATUS_CHANGES_PER_CSP = 50
FORMER_NAMES = 20  # of a tenant or an integration

FEED_TOMBSTONES = timedelta(days=90)  # of End Users and assets of an Organization that are gone
CLOSED_ORGANIZATIONS = timedelta(days=1)  # the row that closes a deleted Organization's people to late writers
STALE_ASSET_LINKS = timedelta(days=30)  # after the device was retired or deleted at Microsoft
UNMAPPED_DATA = timedelta(days=30)  # synced data, after the end of its mapping
DATA_WITHOUT_PLAN = timedelta(days=30)  # synced data, after the account lost its plan
VANISHED_CUSTOMERS = timedelta(days=90)  # unmapped customers of a CSP that Microsoft no longer lists
REMOVAL_RECORDS = timedelta(days=30)  # a removal's steps and receipt, after its verification
UNFINISHED_REMOVAL_RECORDS = AUDIT_ENTRIES  # the same, while something is left to do by hand
