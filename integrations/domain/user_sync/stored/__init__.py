"""What is stored of a tenant's user sync, and of the End Users that it keeps. Pure."""
