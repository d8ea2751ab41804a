"""What the table of what ran when says on a page that is there already."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recorded:
    """Runs that a page has the figures of.

    Attributes:
        images: first digits of the digest of their images; "" if the page does not say.
        rows: cells of each run by its name; the last is the machine in words, "" for a script.
        left: names of the tables that are of none of these runs.
    """

    images: str = ""
    rows: dict[str, list[str]] = field(default_factory=dict)
    left: frozenset[str] = frozenset()

    def is_of(self, images: str) -> bool:
        """True if the page may be of images with this digest ("": not known)."""
        return not self.images or not images or images.startswith(self.images)


def read_recorded(table: str) -> Recorded:
    """Read the table back from its Markdown, as `provenance` writes it."""
    machines = dict(re.findall(r"^(\d+)\. (.+)\.$", table, flags=re.M))
    rows = {}
    for line in re.findall(r"^\| (.+) \|$", table, flags=re.M)[2:]:
        *cells, number = line.split(" | ")
        rows[cells[0]] = [*cells, machines.get(number, "")]
    found = re.search(r"digest `(\w+)`", table)
    left = re.findall(r"^- (.+): [^:]+\.$", table, flags=re.M)
    names = re.findall(r"`([\w-]+)`", " ".join(left))
    return Recorded(found[1] if found else "", rows, frozenset(names))
