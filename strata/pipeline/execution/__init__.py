"""What to make and how: plan, schedule, worker processes, progress, garbage collection.

May import `graph`, `data` and `store`. Start at `plan.py` (what is needed), then `executor.py`.
"""
