"""`strata graph`: the stage graph of the methods, as text or for Graphviz."""

from collections import Counter

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.plan import Plan
from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.topological_order import topological_order


def graph(workspace: Workspace, names: list[str], *, dot: bool) -> int:
    """Print each method's stages in topological order, with artifacts made and in all."""
    wanted, plan = workspace.plan(names)
    if dot:
        print("\n".join(_dot(wanted, plan)))
        return 0
    for target in wanted:
        workspace.console.print(f"{target.name}", style="bold")
        for line in _text(target, plan):
            workspace.console.print(f"  {line}")
    return 0


def _text(target: Target, plan: Plan) -> list[str]:
    """Return one line per stage of a target: counts of artifacts and the stages it reads."""
    total: Counter[str] = Counter()
    there: Counter[str] = Counter()
    reads: dict[str, dict[str, None]] = {}
    for node in topological_order([target.node]):
        name = node.stage.name
        total[name] += 1
        there[name] += plan.states[node.key] == "present"
        reads.setdefault(name, {}).update(dict.fromkeys(p.stage.name for p in node.parents))
    width = max(map(len, total))
    return [
        f"{name.ljust(width)}  {there[name]}/{total[name]} made"
        + (f"  <- {', '.join(reads[name])}" if reads[name] else "  <- images")
        for name in total
    ]


def _dot(wanted: list[Target], plan: Plan) -> list[str]:
    """Return the graph in DOT: one box per stage and method; shared stages are one box."""
    boxes: dict[str, str] = {}
    count: Counter[str] = Counter()
    edges: dict[tuple[str, str], None] = {}
    for node in topological_order([target.node for target in wanted]):
        box = _box(node.context, node.stage.name)
        boxes[node.key] = box
        count[box] += 1
        for parent in node.parents:
            edges[boxes[parent.key], box] = None
    lines = ["digraph strata {", "  rankdir=LR; node [shape=box, fontname=sans];"]
    for box, number in count.items():
        method, _, stage = box.rpartition("/")
        lines.append(f'  "{box}" [label="{stage}\\n{method} x{number}"];')
    lines += [f'  "{tail}" -> "{head}";' for tail, head in edges]
    return [*lines, "}"]


def _box(context: str, stage: str) -> str:
    return f"{context.partition(',')[0]}/{stage}".replace('"', "'")
