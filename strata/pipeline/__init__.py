"""Pipeline: the graph of artifacts, its execution, the store, the command line.

Packages, top to bottom, each importing only what is below it: cli, reporting, explain, visualize,
experiment, recipes, stages and execution, graph, parameters, code, data and store. Start at
`cli/app.py` for the command line, `graph/stage.py` for the graph.
"""
