"""The base of all errors whose message is meant for the user: what, where, and the fix."""


class TandemError(Exception):
    """An error that the user can mend; its text is complete and shown as it is."""
