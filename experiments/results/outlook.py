"""What a run will take, and the code that it depends on, before it is made."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import strata
from experiments.results.runs import Place, Run
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.code.code_digest import code_key
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.rates import RATES, Estimates
from strata.pipeline.store.hashing import content_key
from strata.pipeline.workspace.workspace import cores


@dataclass(frozen=True)
class Outlook:
    """A run as it would be made now.

    Attributes:
        code: digest of the code that its stages reach, as keys of artifacts cover it; of all
            sources, for a script.
        plan: its stages and their state in the store; None for a script.
        seconds: estimated time with the place's jobs, 0 if nothing has to be made.
        bytes: estimated size of what has to be made.
    """

    code: str
    plan: Plan | None
    seconds: float
    bytes: float

    @classmethod
    def of(cls, run: Run, place: Place) -> "Outlook":
        """Compose a run and look up its state in the store; nothing is computed.

        Raises:
            InputError: the experiment file or the images cannot be read.
        """
        if run.is_script:
            return cls(_sources_digest(run.path), None, 0.0, 0.0)
        settings = run.all_settings(place)
        workspace = Workspace.at(run.path, settings, place.store, place.out, place.jobs, False)
        _, plan = workspace.plan(list(run.methods))
        estimates = Estimates(workspace.store.root / RATES)
        left = estimates.total(plan.nodes[key] for key in plan.needed)
        stages = {node.stage.reference for node in plan.nodes.values()}
        code = content_key(sorted(code_key(stage.module, stage.name) for stage in stages))
        return cls(code, plan, left.seconds / (place.jobs or cores()), left.bytes)

    @property
    def is_made(self) -> bool:
        """True if the store has everything; a script has no store."""
        return self.plan is not None and not self.plan.needed


def digest_of_images(runs: Iterable[Run], place: Place) -> str:
    """Digest of the images as results.json has it; "" if all runs are scripts.

    Raises:
        InputError: the images cannot be read.
    """
    for run in runs:
        if not run.is_script:
            settings = run.all_settings(place)
            workspace = Workspace.at(run.path, settings, place.store, place.out, place.jobs, False)
            return workspace.dataset.manifest.digest
    return ""


def _sources_digest(script: Path) -> str:
    """Digest of a script and all sources of the package."""
    digest = hashlib.sha256(script.read_bytes())
    for path in sorted(Path(strata.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
