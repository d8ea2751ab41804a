"""Pretrained networks of a method, and the provenance of their weights, kept in the store."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.pipeline.graph.derived import Derived
from strata.pipeline.graph.inputs import File
from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.training_notes import source_networks
from strata.pipeline.stages.networks import train_source_network
from strata.pipeline.store.store import Store
from strata.text import utf8

if TYPE_CHECKING:
    from strata.reports.model.pretrained import PretrainedNetwork

#: A network in a graph: backbone, name of its file, checksum, image size.
Used = tuple[str, str, str, int | None]


def pretrained_networks(
    scores: Node, classes: Sequence[str], store: Store | None = None
) -> "list[PretrainedNetwork]":
    """Pretrained networks behind scores, each with every image size once, those of teachers too.

    Args:
        classes: of the data set, which are looked for among those of the training data.
        store: keeps the facts, as finding them imports torch; None: they are found anew.
    """
    from strata.reports.model.pretrained import PretrainedNetwork

    nodes = topological_order([scores])
    used = used_networks(nodes)

    def made() -> dict[str, Any]:
        return {"networks": provenance_facts(used, classes)}

    known = derived_provenance(used, classes).read(store, made) if used and store else made()
    return [*(PretrainedNetwork(**facts) for facts in known["networks"]), *_own_networks(nodes)]


def derived_provenance(used: Sequence[Used], classes: Sequence[str]) -> Derived:
    """Artifact that keeps the provenance of some networks."""
    libraries = [[name, _version(name)] for name in ("torchvision", "timm")]
    source = ([list(one) for one in used], list(classes), libraries)
    return Derived("provenance", source, (__name__, provenance_facts.__name__))


def used_networks(nodes: Iterable[Node]) -> list[Used]:
    """Networks with published weights, or weights from a file, among the nodes of a graph."""
    nodes = list(nodes)
    found: dict[Used, None] = {}
    for node in nodes:
        if node.stage.role != "weights" or not isinstance(file := node.inputs[0], File):
            continue
        name = utf8(file.path.name) if file.path else ""
        readers = [n for n in nodes if any(parent.key == node.key for parent in n.parents)]
        sizes = [r.parameters["image_size"] for r in readers if "image_size" in r.parameters]
        for size in dict.fromkeys(sizes or [None]):
            found[node.parameters["backbone"], name, file.digest, size] = None
    return list(found)


def provenance_facts(used: Iterable[Used], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Fields of a `PretrainedNetwork` for each network, as JSON values."""
    from strata.models.transfer.zoos.provenance import provenance
    from strata.models.transfer.zoos.same_names import same_names
    from strata.reports.model.pretrained import PretrainedNetwork

    found = []
    for backbone, file, digest, size in used:
        known = provenance(backbone, Path(file) if file else None, digest)
        names = {data.name: same_names(classes, data) for data in known.training_data}
        network = PretrainedNetwork(
            backbone,
            source=known.source,
            weights=known.weights,
            address=known.address,
            sha256=known.sha256,
            license=known.license,
            training_data=[data.name for data in known.training_data],
            web_data=[data.name for data in known.training_data if data.is_web],
            is_assumed=known.is_assumed,
            same_names={data: same for data, same in names.items() if same},
            image_size=size or known.image_size,
            own_image_size=known.image_size,
        )
        found.append(asdict(network))
    return found


def _own_networks(nodes: Iterable[Node]) -> "list[PretrainedNetwork]":
    """Networks of the experiment that were trained on labeled images beside the data set."""
    from strata.reports.model.pretrained import PretrainedNetwork

    nodes = list(nodes)
    sources = source_networks(nodes)
    sizes = [
        next((p.parameters["size"] for p in node.parents if "size" in p.parameters), None)
        for node in nodes
        if node.key in sources
    ]
    data = ["the labeled images of `source`"]
    name = train_source_network.name
    return [PretrainedNetwork(name, "own", training_data=data, image_size=n) for n in sizes]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
