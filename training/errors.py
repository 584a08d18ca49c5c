"""The one way in which the workstation says that what it was given cannot be used."""

from __future__ import annotations

from edge.errors import EdgeError


class DataError(EdgeError):
    """The training data cannot be used; the message names the file, the row and the remedy."""

    exit_code = 2
