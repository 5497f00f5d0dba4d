"""Which End User belongs to which user of a tenant, and what a sync changes about them. Pure."""
