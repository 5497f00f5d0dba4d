"""The control interface of the simulated cloud: each call is described once, by a method of ``WorldCalls``."""

from local.microsoft.control.client import World, WorldRefused
from local.microsoft.control.partners import USUAL_ROLES, Customer, Partner
from local.microsoft.control.tenants import Tenant

__all__ = ["USUAL_ROLES", "Customer", "Partner", "Tenant", "World", "WorldRefused"]
