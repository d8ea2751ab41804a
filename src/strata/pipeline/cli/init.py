"""`strata init`: an experiment file to start from."""

from pathlib import Path

from strata.errors import InputError

TEMPLATE = """\
# What `strata make` compares. All keys: docs/experiment-file.md; all recipes with their
# parameters and defaults: `strata list --recipes`.

[data]
source = {source}

[protocol]
folds = 8        # stratified; copies of one picture are never on both sides
repeats = 1      # more of them narrow the intervals
seed = 0         # feeds every random choice
test = 0.3       # share kept for the final figure, where the data brings no split

[methods.bovw]

[methods.fisher]

[methods.tinynet]
"""


def init(images: str, file: Path) -> int:
    """Write the file, unless there is one."""
    source = Path(images)
    if "://" not in images and images != "scenes" and not source.exists():
        raise InputError(f"There is no folder or archive {images}.")
    if file.exists():
        raise InputError(f"{file} exists already.", "Name another file with -f.")
    if "://" not in images and images != "scenes":
        images = str(source.absolute())
    quoted = '"' + images.replace("\\", "\\\\").replace('"', '\\"') + '"'
    file.write_text(TEMPLATE.format(source=quoted), encoding="utf-8")
    print(
        f"{file} is written; `strata make -f {file}` makes it."
        if file.name != "strata.toml"
        else "strata.toml is written; `strata make` makes it."
    )
    return 0
