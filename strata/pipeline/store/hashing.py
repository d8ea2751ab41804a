"""Content keys: hash of the canonical JSON of a value."""

import hashlib
import json
from typing import Any

AFFECTS_RESULTS = False  # makes keys, and nothing else

#: Increase when the meaning of keys or the layout of artifacts changes: everything is remade.
KEY_FORMAT = 2


def canonical(value: Any) -> str:
    """Canonical JSON, with sorted keys and no spaces: equal values give equal texts.

    Raises:
        TypeError: the value holds something that JSON cannot express.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def content_key(*parts: Any) -> str:
    """Content key of JSON values, 40 hex digits.

    The parts travel as one JSON list, so that no concatenation of two tuples can collide.
    """
    return hashlib.sha256(canonical([KEY_FORMAT, *parts]).encode()).hexdigest()[:40]
