"""Which device of a tenant each asset is: linked after each sync, and by hand."""
