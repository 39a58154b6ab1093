"""What the examples of the documentation are made with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.npm_packages import Npm


@dataclass(frozen=True)
class Pantry:
    """Others' packages, and the wheels that we publish."""

    npm: Npm
    wheels: dict[str, Path]

    def for_python(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of an example in Python, which imports from the wheels."""
        return {**settings, "PYTHONPATH": os.pathsep.join(map(str, self.wheels.values()))}
