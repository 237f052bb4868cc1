"""The command `paraat`: one file a group of commands, and nothing that decides anything."""
