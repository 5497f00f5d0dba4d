"""Whom a user sync takes, and into which Organization. Pure."""
