"""The base of all errors whose message is meant for the user: what, where, and the fix."""

# The key under which a failed step keeps the place of its error.
PLACE = "place"


class TandemError(Exception):
    """An error that the user can mend; its text is complete and shown as it is."""

    @property
    def place(self) -> str:
        """Where to look, without any value of the data: it may leave the machine. '' if unknown."""
        return ""
