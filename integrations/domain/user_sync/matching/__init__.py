"""Which End User a user is: by links, by decisions, and by addresses, one to one. Pure."""
