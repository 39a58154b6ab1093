"""The distributions of packages/, built as they are published."""

import shutil
import subprocess
from pathlib import Path

from tests.architecture.source import ROOT
from tests.servers import ServerMissing, missing

PARTS = ("client", "guard")
WITHIN = 300


def uv(*arguments: str | Path) -> None:
    """Run uv, which must succeed."""
    found = shutil.which("uv")
    if found is None:
        missing(ServerMissing("no uv on this machine (pip install uv)"))
    done = subprocess.run(
        [found, *map(str, arguments)], capture_output=True, text=True, timeout=WITHIN, check=False
    )
    assert done.returncode == 0, done.stderr


def build(there: Path) -> dict[str, Path]:
    """Build the wheel of each part into this directory, and return where it is."""
    for part in PARTS:
        uv("build", "--quiet", "--wheel", "--out-dir", there, ROOT / "packages" / part)
    return {part: next(there.glob(f"holdfast_{part}-*.whl")) for part in PARTS}
