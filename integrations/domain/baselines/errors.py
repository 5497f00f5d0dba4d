"""What stops the app from starting when the file of a baseline is wrong, before any tenant is judged."""


class InvalidBaseline(ValueError):
    """A file of a baseline makes no sense; the message names the file, the control and what is wrong."""
