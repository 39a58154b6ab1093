"""What each refusal of a DPoP proof means, in words for who wrote the client."""

from collections.abc import Mapping
from types import MappingProxyType

from ...dpop.errors import Check
from .explanation import Explanation
from .form import FORM
from .freshness import FRESHNESS
from .header import HEADER
from .keys import KEYS
from .request import REQUEST

__all__ = ["EXPLANATIONS", "Explanation"]

_ALL = FORM | HEADER | REQUEST | KEYS | FRESHNESS

EXPLANATIONS: Mapping[Check, Explanation] = MappingProxyType(
    {check: _ALL[check] for check in Check}
)
"""In the order of the checks."""
