"""Tests compute as the pipeline's workers do: on one thread, set before anything counts cores."""

import os

from strata._threads import ONE_THREAD

os.environ.update(ONE_THREAD)
