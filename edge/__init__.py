"""emotion-edge: facial emotion recognition that runs where the camera is."""

__version__ = "0.1.0"
