"""Execution of the graph: plan, scheduler, worker processes, progress, garbage collection.

May import `graph` and everything below it. Start at `plan.py` (nodes to be made), then
`executor.py` (the loop that makes them).
"""
