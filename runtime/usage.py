"""Wrong usage of a command that its arguments' types do not show."""


class WrongUsage(Exception):
    """What was asked cannot be done; the message says what can."""
