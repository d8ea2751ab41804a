"""Facts of a pretrained network in words, for the page and `strata describe`."""

from strata.reports.model.pretrained import PretrainedNetwork

#: Digits of a checksum that are shown.
_DIGITS = 12


def pretrained_facts(network: PretrainedNetwork) -> dict[str, str]:
    """Name of each fact, and the fact."""
    found = {
        "weights": _weights(network),
        "trained on": trained_on(network),
        "images": _sizes(network),
        "license": network.license,
    }
    return {name: text for name, text in found.items() if text}


def trained_on(network: PretrainedNetwork) -> str:
    """Training data in the order of training."""
    if not network.training_data:
        return "not known"
    named = ", then ".join(network.training_data)
    return f"{named}, if the file holds {network.weights}" if network.is_assumed else named


def sentence(network: PretrainedNetwork) -> str:
    """All facts in a sentence."""
    facts = pretrained_facts(network)
    told = "; ".join(f"{name}: {text}" for name, text in facts.items())
    return f"{network.backbone}: {told}"


def _weights(network: PretrainedNetwork) -> str:
    """Publisher and name of the weights, their place and checksum."""
    if network.source == "own":
        return "a network of this experiment"
    if network.source in ("file", "package"):
        where = f"{network.source} {network.address}"
    else:
        where = f"{network.source} {network.weights}".strip()
        where += f", {network.address}" if network.address else ""
    return where + (f", sha256 {network.sha256[:_DIGITS]}" if network.sha256 else "")


def _sizes(network: PretrainedNetwork) -> str:
    used, own = network.image_size, network.own_image_size
    if not used:
        return f"{own} x {own}" if own else ""
    return f"{used} x {used}" + (f" (made for {own} x {own})" if own and own != used else "")
