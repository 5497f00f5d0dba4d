"""Policies of a simulated tenant, as Microsoft sets them at first."""
