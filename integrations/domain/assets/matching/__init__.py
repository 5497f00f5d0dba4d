"""Which asset is which device."""
