"""The terminal: tables of results, and interrupts.

May import the workspace's console and the pipeline below; used by the commands.
"""
