"""URLs as people write them, in the ASCII form that HTTP needs."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

from strata.errors import InputError

AFFECTS_RESULTS = False  # where a file comes from, not what is in it

#: Characters that stay as they are in a path or query; % begins what is quoted already.
_SAFE = "%/:@!$&'()*+,;=?-._~[]"


def request_url(url: str) -> str:
    """Return an http or https URL in ASCII: host by IDNA, other characters percent-encoded.

    Raises:
        InputError: it is not such a URL; the message names the part that is wrong.
    """
    host = url
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        if scheme in ("http", "https"):
            host = f"[{host}]" if ":" in host else host.encode("idna").decode()
        path, query = quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE)
    except UnicodeError:
        raise _malformed(url, f"{host!r} has an empty or too long part") from None
    except ValueError as error:
        raise _malformed(url, str(error)) from None
    if scheme not in ("http", "https"):
        raise InputError(f"{url} is not an http or https URL.", "Give a path or such a URL.")
    if "@" in parts.netloc:
        raise _malformed(url, "user names and passwords are not supported")
    if not re.fullmatch(r"[\w.-]+|\[[\w:.]+\]", host, flags=re.ASCII):
        raise _malformed(url, f"{host!r} is not a host name" if host else "it names no host")
    return urlunsplit((scheme, host if port is None else f"{host}:{port}", path, query, ""))


def _malformed(url: str, reason: str) -> InputError:
    return InputError(f"{url} is not a URL: {reason}.", "Copy it again from its source.")
