"""The command `paraat`: one file a group of commands, and nothing that decides anything.

Each command imports what it needs by itself: `paraat check` must not wait for the rest to load.
"""
