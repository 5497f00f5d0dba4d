"""Which device of a tenant each asset is, and which End User it belongs to. Pure."""
