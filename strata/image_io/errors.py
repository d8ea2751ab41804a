"""Error of an image that cannot be read."""

from strata.errors import InputError

AFFECTS_RESULTS = False  # texts for the user


class ImageError(InputError):
    """An image that cannot be read.

    Args:
        name: path of the file, or a name in place of it.
        reason: cause of the failure, in a few words.
        hint: what to do next, if the reason does not say it.
    """

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{name}: {reason}", hint)
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.name, self.reason, self.hint)
