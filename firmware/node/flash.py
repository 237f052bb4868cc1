"""Small files that are replaced whole: after a power cut the old one or the new one is there, never a part of one."""

import os


def replace(path, text):
    """Put text in the place of what is in this file. Raises OSError, and the old one stands."""
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)
