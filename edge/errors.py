"""What can go wrong, each with the exit code of the command line's contract."""

from __future__ import annotations


class EdgeError(Exception):
    """One line for the owner: what was tried, what is wrong, what to do. Ends the program with `exit_code`."""

    exit_code = 1


class ConfigError(EdgeError):
    """The configuration is wrong. systemd does not restart us."""

    exit_code = 78


class ModelError(EdgeError):
    """A model, its card or the interpreter for it is missing, damaged or does not match."""

    exit_code = 78


class SourceError(EdgeError):
    """The source asked for cannot be read: no such file, not a video, an unknown name."""

    exit_code = 2


class OutputError(EdgeError):
    """The file asked for on the command line cannot be written."""

    exit_code = 2


class CameraError(EdgeError):
    """A live camera or stream is not there, or stopped delivering. systemd restarts us."""

    exit_code = 75


class SinkError(EdgeError):
    """An output cannot be opened or written now. The daemon goes on without it and tries again."""
