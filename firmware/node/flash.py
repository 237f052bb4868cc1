"""Small files that are replaced whole: after a power cut the old one or the new one is there, never a part of one."""

import os

from node.log import complain


def read(path):
    """The text of a file; "" where it is missing, or is no text."""
    try:
        with open(path) as f:
            return f.read()
    except (OSError, ValueError):  # ValueError: not UTF-8
        return ""


def replace(path, text):
    """Put text in the place of what is in this file. Raises OSError, and the old one stands."""
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def keep(path, text, task):
    """As replace(); a flash that does not take it is complained of for this task. Returns whether it did."""
    try:
        replace(path, text)
    except OSError as error:
        complain(task, error)
        return False
    return True
