"""Reading a JSON object from a file or stdin."""

import json
import sys
from pathlib import Path
from typing import Any

from .output import Failure


def read_json_object(path: Path, option: str, example: str) -> dict[str, Any]:
    """Return the object in the file; ``-`` is stdin. Raises Failure, naming the option."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        value = json.loads(text)
    except (OSError, ValueError) as error:
        raise Failure(f"{option}: {path} cannot be read as JSON ({error})") from None
    if not isinstance(value, dict):
        raise Failure(f"{option}: expected a JSON object {example}")
    return value
