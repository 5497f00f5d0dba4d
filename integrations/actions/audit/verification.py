"""Verify an account's audit log: recompute every fingerprint, every link of the chain and every signature."""

from integrations.actions.account import Account
from integrations.actions.audit.sealing import read_links
from integrations.actions.audit.signing import public_keys
from integrations.domain.audit.seals import EntryFingerprint, entry_fingerprint, examine
from integrations.domain.ids import AccountId
from integrations.services import Services
from integrations.storage.control import Control, moment_of
from integrations.views.audit.verification import Verification, verification_view

_PER_MINUTE = 6
_PAGE_ROWS = 1000  # read from storage at once


def verify_audit(services: Services, account_id: AccountId) -> Verification:
    """Verify everything that is stored of the account's audit log.

    Raises:
        TooManyRequests: more than six verifications within a minute.
        SealBroken: the account's signing key cannot be decrypted.
        Unavailable: storage or the vault does not answer.
    """
    services.quota.take(f"verification:{account_id}", _PER_MINUTE)
    account, now = Account(services, account_id), services.clock()
    # Seals before entries: an entry written between the two reads then counts as waiting, not as missing.
    links = list(read_links(account.control, public_keys(account).keys))[::-1]
    entries = _entries(account.control)
    return verification_view(examine(links, entries, now, moment_of), links, len(entries), now)


def _entries(control: Control) -> dict[str, EntryFingerprint]:
    """The fingerprint of every stored entry, by its id."""
    entries: dict[str, EntryFingerprint] = {}
    after = ""
    while True:
        page = control.audit.texts(after=after, limit=_PAGE_ROWS)
        entries |= {key: entry_fingerprint(key, moment_of(key), text) for key, text in page.items()}
        if len(page) < _PAGE_ROWS:
            return entries
        after = list(page)[-1]
