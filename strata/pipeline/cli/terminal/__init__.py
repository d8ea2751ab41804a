"""The terminal: console, tables, progress of steps and interrupts.

May import the store and the pipeline below; used by the commands.
"""
