"""Starts a board from the image of its flash: mounts the littlefs as /, as the board does, and runs boot.py and main.py.

Environment: PARAAT_FLASH, the file with the whole flash, which is written to as the chip's would be; PARAAT_VFS, where
in it the file system lies, as "offset size" in bytes; PARAAT_HAL, the folder of this module.
"""

import json
import os
import sys

import kernel
import simboard
import vfs
from world import World

_BLOCK_BYTES = 4096


class FileFlash:
    """A part of a file as a block device for vfs.VfsLfs2; every write is in the file when it returns."""

    def __init__(self, path, offset, size):
        self._file = open(path, "r+b")
        self._offset = offset
        self._count = size // _BLOCK_BYTES

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(self._offset + block * _BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        self._file.seek(self._offset + block * _BLOCK_BYTES + offset)
        self._file.write(buffer)
        self._file.flush()

    def ioctl(self, op, arg):
        if op == 4:
            return self._count
        if op == 5:
            return _BLOCK_BYTES
        if op == 6:
            self._file.seek(self._offset + arg * _BLOCK_BYTES)
            self._file.write(b"\xff" * _BLOCK_BYTES)
        return 0


def mount():
    """Put the image's file system at /, and keep the simulated hardware in reach at /hal."""
    offset, size = [int(word) for word in os.getenv("PARAAT_VFS").split()]
    flash = vfs.VfsLfs2(FileFlash(os.getenv("PARAAT_FLASH"), offset, size))
    hal = vfs.VfsPosix(os.getenv("PARAAT_HAL"))
    vfs.umount("/")
    vfs.mount(flash, "/")
    vfs.mount(hal, "/hal")
    os.chdir("/")
    sys.path[:] = ["/hal", "", ".frozen", "/lib"]


def run(name):
    """Run a file of the image as MicroPython does at power-on, if it is there."""
    try:
        with open(name) as f:
            source = f.read()
    except OSError:
        return
    code = compile(source, name, "exec")
    del source  # the board compiles from the file and never holds the text
    exec(code, {"__name__": "__main__"})


if __name__ == "__main__":
    mount()
    with open("config.json") as f:
        simboard.wire(json.load(f), World(kernel.scenario))
    run("boot.py")
    run("main.py")
