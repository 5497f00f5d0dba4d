"""The simulated Microsoft cloud: Entra sign-in and tokens, and Graph, over TLS.

``with running_microsoft() as cloud`` starts one inside this process, ``python -m local.microsoft`` one of its own;
``World`` changes it while it runs, ``Person`` signs in to it.
"""

from local.microsoft.browser import Callback, Person, StoppedAtMicrosoft
from local.microsoft.cloud import Running, running_microsoft
from local.microsoft.control import Tenant, World, WorldRefused
from local.microsoft.entra.tokens.forgeries import FORGERIES

__all__ = [
    "FORGERIES", "Callback", "Person", "Running", "StoppedAtMicrosoft", "Tenant", "World", "WorldRefused",
    "running_microsoft",
]  # fmt: skip
