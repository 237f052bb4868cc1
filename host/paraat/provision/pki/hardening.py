"""What a process does that holds keys: it leaves nothing behind when it crashes."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid_core_dumps() -> None:
    """No core dump of this process from now on, neither to a file nor to a crash collector.

    RLIMIT_CORE alone does not stop a collector behind a pipe (core(5)); a process that is not dumpable is not dumped
    at all, and no other process of the same user can read its memory (prctl(2)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
