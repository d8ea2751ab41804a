"""Execution of the graph: plan, scheduler, worker processes, progress, garbage collection.

May import `graph`, `data` and `store`. Start at `plan.py` (nodes to be made), then `executor.py`
(the loop that makes them).
"""
