"""Assets of Organizations: pushed by the portal, listed, found and deleted."""
