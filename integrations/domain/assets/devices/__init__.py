"""The devices of a tenant, and how they are compared."""
