"""Errors that a user can cause. Each has a message of one line and an exit status.

The command line prints the message without a traceback. Users of the library can catch them like any exception.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A run that failed for a reason the user can act on. Exit status 1."""

    exit_status = 1


class UsageError(UserError):
    """A wrong argument, or an argument that names an unusable input. Exit status 2."""

    exit_status = 2


class BatchError(UsageError, ValueError):
    """A batch of a size that a network cannot take. Only a training step finds out."""


@contextmanager
def refused(what: object) -> Iterator[None]:
    """Raises a ValueError from within as UsageError: `what` cannot be, such as a flag for a run, and why."""
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{what}: {error}") from error
