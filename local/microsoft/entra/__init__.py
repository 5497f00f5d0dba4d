"""The login host: Entra ID's discovery, sign-in pages, consent and tokens."""
