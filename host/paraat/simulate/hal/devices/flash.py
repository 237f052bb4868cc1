"""NOR flash as a block device for vfs.VfsLfs2: erases a block to ones, programs ones to zeros, wears, and loses power.

Writing a one over a zero is a mistake of the caller and fails, as the real chip would silently keep the zero.
Times are the typical ones of the W25Q32JV data sheet (Winbond, revision G, table 9.6): they go into `busy_us`, not
into the clock, so that a test reads what the flash alone would have cost.
"""

BLOCK_BYTES = 4096
_ERASE_US = 45000  # a sector
_PROGRAM_US = 400  # a page of 256 bytes, also when less of it is written
_PAGE_BYTES = 256
_READ_US_PER_KB = 100  # 80 MHz, one data line


class PowerCut(BaseException):
    """Raised in the middle of a write or an erase. Nothing in the code under test may catch it."""


class Flash:
    """before_change: when set, called with (kind, block, offset, data) before each write and erase."""

    def __init__(self, blocks):
        self._blocks = {}  # block -> its bytes; a block that is erased is not there
        self.count = blocks
        self.erases = {}  # block -> how often
        self.writes = 0
        self.busy_us = 0
        self.before_change = None
        self.cut_in = None  # changes until the power goes; None: never

    def copy(self):
        """A flash with the same content, that shares what neither changes."""
        other = Flash(self.count)
        for block, content in self._blocks.items():
            other._blocks[block] = _Shared(content)
        return other

    def _content(self, block):
        found = self._blocks.get(block)
        if found is None:
            return None
        return found.data if isinstance(found, _Shared) else found

    def _own(self, block):
        """The block's bytes, to be changed."""
        found = self._blocks.get(block)
        if found is None:
            found = self._blocks[block] = bytearray(b"\xff" * BLOCK_BYTES)
        elif isinstance(found, _Shared):
            found = self._blocks[block] = bytearray(found.data)
        return found

    # --- the block device (docs.micropython.org, "Working with filesystems") ---

    def readblocks(self, block, buffer, offset=0):
        content = self._content(block)
        self.busy_us += len(buffer) * _READ_US_PER_KB // 1024 + 10
        if content is None:
            for i in range(len(buffer)):
                buffer[i] = 0xFF
        else:
            buffer[:] = memoryview(content)[offset : offset + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self._erase(block)
            offset = 0
        self._change("write", block, offset, buffer)
        self.writes += 1
        self.busy_us += _PROGRAM_US * (1 + len(buffer) // _PAGE_BYTES)
        self.apply("write", block, offset, buffer)
        return 0

    def ioctl(self, op, arg):
        if op == 4:
            return self.count
        if op == 5:
            return BLOCK_BYTES
        if op == 6:
            self._erase(arg)
        return 0

    def _erase(self, block):
        self._change("erase", block, 0, None)
        self.erases[block] = self.erases.get(block, 0) + 1
        self.busy_us += _ERASE_US
        self.apply("erase", block, 0, None)

    # --- power ---

    def _change(self, kind, block, offset, data):
        if self.before_change is not None:
            self.before_change(kind, block, offset, data)
        if self.cut_in is None:
            return
        self.cut_in -= 1
        if self.cut_in < 0:
            self.half(kind, block, offset, data)
            raise PowerCut

    def half(self, kind, block, offset, data):
        """What a power cut in the middle leaves: the first half of a write, or a block that is half erased."""
        if kind == "write":
            self.apply("write", block, offset, memoryview(data)[: len(data) // 2])
        elif self._content(block) is not None:
            content = self._own(block)
            for i in range(0, BLOCK_BYTES, 2):
                content[i] = 0xFF

    def apply(self, kind, block, offset, data):
        """Change the content."""
        if kind == "erase":
            self._blocks.pop(block, None)
            return
        content = self._own(block)
        for i in range(len(data)):
            if data[i] & ~content[offset + i]:
                raise AssertionError(
                    "block %d byte %d: %02x over %02x" % (block, offset + i, data[i], content[offset + i])
                )
            content[offset + i] = data[i]


class Powered:
    """A flash for the time of one power supply. After off() nothing of that time reaches it any more."""

    def __init__(self, flash):
        self._flash = flash

    def off(self):
        self._flash = None

    # Python collects an open file of a dead file system late, with the heap locked: nothing may be allocated then.

    def readblocks(self, block, buffer, offset=0):
        return -5 if self._flash is None else self._flash.readblocks(block, buffer, offset)

    def writeblocks(self, block, buffer, offset=None):
        return -5 if self._flash is None else self._flash.writeblocks(block, buffer, offset)

    def ioctl(self, op, arg):
        return -5 if self._flash is None else self._flash.ioctl(op, arg)


class _Shared:
    """A block that another flash may still read."""

    def __init__(self, data):
        self.data = data.data if isinstance(data, _Shared) else data
