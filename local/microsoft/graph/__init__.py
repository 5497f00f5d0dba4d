"""The Graph host, v1.0: one file per thing Microsoft knows, and the rules they all share."""
