"""Errors that a user can cause: one clear line each, and an exit status.

The command line prints their message without a traceback; library users catch them like any exception.
"""


class UserError(Exception):
    """A run that failed for a reason the user can act on. Exit status 1."""

    exit_status = 1


class UsageError(UserError):
    """A wrong argument, or an input named by one that cannot be used. Exit status 2."""

    exit_status = 2
