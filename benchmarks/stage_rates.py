"""Seconds and bytes per unit of work of each stage, from the artifacts of a run.

    python benchmarks/stage_rates.py -f strata.toml

prints the table of `strata/pipeline/execution/rates.py`: medians over the artifacts of all methods
of the file that are in its store. The table there is of 320 images of 256 x 256 pixels in eight
classes, two folds, every recipe with its defaults and the stages that no recipe has by default,
one process on one core.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import median

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.rates import work_of
from strata.pipeline.graph.topological_order import topological_order


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-f", "--file", type=Path, default=Path("strata.toml"))
    workspace = Workspace.at(parser.parse_args().file, [], None, None, 1, False)
    seconds, sizes = defaultdict(list), defaultdict(list)
    for node in topological_order([target.node for target in workspace.targets]):
        record = workspace.store.manifest(node.key)
        if record:
            work = work_of(node)
            seconds[node.stage.name].append(record["seconds"] / work)
            sizes[node.stage.name].append(workspace.store.size(node.key) / work)
    for stage in sorted(seconds):
        rate, size = median(seconds[stage]), median(sizes[stage])
        print(f'    "{stage}": Rate({float(f"{rate:.2g}")}, {int(float(f"{size:.2g}"))}),')


if __name__ == "__main__":
    main()
