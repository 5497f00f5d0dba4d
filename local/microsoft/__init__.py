"""The simulated Microsoft cloud: Entra sign-in and tokens, and Graph, over TLS."""
