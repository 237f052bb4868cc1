"""Modules that are needed seldom: loaded when they are, and given back."""

import gc
import sys


class lent:
    """with lent("node.ntp", "node.udp") as ntp: ... loads the first, and afterwards lets go of all of these.

    Name those too that the first loads itself. A module that was there before stays. It is given back when nothing has it
    any more: write the `with` in a function that ends with it, for the frame of one that goes on keeps its `ntp`. Raises MemoryError where the heap
    has no room for it; nothing of it is left then.
    """

    def __init__(self, *names):
        self._names = names
        self._brought = ()

    def __enter__(self):
        self._brought = [name for name in self._names if name not in sys.modules]
        gc.collect()
        try:
            return __import__(self._names[0], None, None, ("",))
        except MemoryError:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for name in self._brought:
            if sys.modules.pop(name, None) is not None:
                package, _, leaf = name.rpartition(".")
                if package:
                    delattr(sys.modules[package], leaf)
