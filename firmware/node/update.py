"""Takes a signed bundle (paraat_wire/bundle.py) into the slot that does not run, and puts that slot on trial.

Nothing is written before the site's key is found under the manifest, and a file counts only when it was read back from
the flash with the digest that the manifest names. manifest.json is written last: until then the slot is not whole and
main.py leaves it alone, so a power cut at any moment leaves the running slot as it is. Files that are there already
(from an update that was cut off, or because they have not changed since the version before the running one) stay.
The bundle is never in the heap: only its manifest is, while an update lasts, and one piece of PART_BYTES.
"""

import asyncio
import binascii
import gc
import hashlib
import json
import os
import sys
import time

from micropython import const

from node import signature, slots
from node.commands import CommandError, number
from node.log import log
from paraat_wire import bundle

_HEAD_BYTES = const(12)  # magic and length, before the manifest
_CHUNK_BYTES = const(512)
_IDLE_MS = const(600000)  # a transfer that stands still for so long is given up; its files stay for the next one
_SPARE_BLOCKS = const(8)  # for directories, slot.json and whatever else littlefs keeps
_BUILD_MAX = const(4000000000)


class UpdateError(Exception):
    """Raised when a bundle is refused. str() says why; the running firmware is as it was."""


class Installer:
    """Takes one bundle, piece by piece, in the order that want() says. size: of the whole bundle, in bytes."""

    def __init__(self, size):
        slot = slots.spare()
        if slot is None:
            raise UpdateError("this board has no slots; flash it with `make flash`")
        self._slot = slot
        if slots.on_trial():
            raise UpdateError("the running firmware is itself on trial; wait until it is confirmed")
        try:
            self._key = signature.load_key()
        except ValueError as error:
            raise UpdateError(str(error))
        self._highest_build = slots.highest_build()
        self._size = size
        self._head = bytearray()  # until the signature is checked
        self._head_bytes = _HEAD_BYTES + bundle.SIGNATURE_BYTES + 1
        self._manifest = b""  # as it was signed
        self._opened = False  # the manifest is believed, and the slot made ready
        self._rows = []  # of the manifest: name, size, digest
        self._at = 0  # the row whose file has to come next; those before it are in the slot
        self._offset = 0  # in the bundle, of that file's contents
        self._present = []  # rows after it whose file is in the slot already
        self._file = None  # what is being written
        self._written = 0  # bytes of it
        self.build = 0
        self.done = False

    def want(self):
        """(offset, bytes) of the next piece; None when the slot is on trial."""
        if self.done:
            return None
        if not self._opened:
            have, end, start = len(self._head), self._head_bytes, 0
        else:
            have, end, start = self._written, self._rows[self._at][1], self._offset
        return start + have, min(bundle.PART_BYTES, end - have)

    async def take(self, offset, data):
        """Take a piece; one that is not wanted, such as one that comes twice, changes nothing.

        Raises UpdateError, after which this installer is of no use any more.
        """
        if (offset, len(data)) != self.want():
            return
        try:
            if not self._opened:
                await self._take_head(data)
            else:
                await self._take_content(data)
        except OSError as error:
            raise UpdateError("the flash refuses: %s" % error)

    def close(self):
        """Let go of the file that is being written."""
        f, self._file = self._file, None
        if f is not None:
            f.close()

    # --- the manifest and its signature ---

    async def _take_head(self, data):
        self._head += data
        if len(self._head) < self._head_bytes:
            return
        try:
            length = bundle.manifest_length(self._head)
            end = _HEAD_BYTES + length + bundle.SIGNATURE_BYTES
            if end > self._size:
                raise UpdateError("cut off: %d bytes, and its manifest ends at %d" % (self._size, end))
            if end != len(self._head):
                self._head_bytes = end
                if end > len(self._head):
                    return
            await self._open_manifest(length, end)
        except bundle.BundleError as error:
            raise UpdateError(str(error))

    async def _open_manifest(self, length, end):
        head, self._head = memoryview(self._head), b""
        digest = hashlib.sha256(head[: _HEAD_BYTES + length]).digest()
        if not await signature.is_good(digest, bytes(head[_HEAD_BYTES + length : end]), self._key):
            raise UpdateError("the signature is not that of this site's key (%s)" % signature.KEY_FILE)
        self._manifest = bytes(head[_HEAD_BYTES : _HEAD_BYTES + length])
        del head  # the heap has better use for it
        gc.collect()
        try:
            manifest = json.loads(self._manifest)
        except ValueError:
            raise UpdateError("the manifest is no JSON")
        total = bundle.check(manifest)
        if self._size != end + total:
            raise UpdateError("%d bytes, and its manifest speaks of %d" % (self._size, end + total))
        _check_fits(manifest, self._highest_build)
        self.build = manifest["build"]
        await self._prepare(manifest["files"], end)

    # --- the files ---

    async def _prepare(self, rows, offset):
        """Clear the slot of what is not in the bundle, and find what has to come. offset: of the first contents."""
        slots.forget(self._slot)
        _make_folder(self._slot)
        names = [row[0] for row in rows]
        for name in _names_in(self._slot):
            if name not in names:
                os.remove(self._path(name))
            await asyncio.sleep_ms(0)
        for row in rows:
            if await self._is_whole(row):
                self._present.append(row)
            else:
                _remove(self._path(row[0]))
        self._check_room([row[1] for row in rows if row not in self._present])
        _make_folders(self._slot, set([name.split("/")[0] for name in names]))
        self._rows = rows
        self._offset = offset
        self._opened = True
        self._skip_present()

    def _path(self, name):
        return self._slot + "/" + name

    def _skip_present(self):
        """Go on to the next file that has to come; after the last one the slot is whole."""
        rows = self._rows
        while self._at < len(rows) and rows[self._at] in self._present:
            self._offset += rows[self._at][1]
            self._at += 1
        if self._at == len(rows):
            self._finish()

    def _check_room(self, sizes):
        block_bytes, _, total, free = os.statvfs(os.getcwd())[:4]
        if free > total:  # littlefs counts a block twice here and there, and MicroPython's difference goes below zero
            free = 0
        need = sum([(size + block_bytes - 1) // block_bytes for size in sizes]) + _SPARE_BLOCKS
        if need > free:
            raise UpdateError("the flash has %d free blocks of %d bytes, and it takes %d" % (free, block_bytes, need))

    async def _take_content(self, data):
        row = self._rows[self._at]
        name, size = row[:2]
        if self._file is None:
            self._file = open(self._path(name), "wb")
        self._file.write(data)
        self._written += len(data)
        if self._written < size:
            return
        self.close()
        if not await self._is_whole(row):
            _remove(self._path(name))
            raise UpdateError("%s is not what the signed manifest says" % name)
        self._written = 0
        self._present.append(row)
        self._skip_present()

    async def _is_whole(self, row):
        """Whether the flash gives this file back as the manifest says."""
        name, expected, sha256 = row
        digest = hashlib.sha256()
        buffer = bytearray(_CHUNK_BYTES)
        size = 0
        try:
            with open(self._path(name), "rb") as found:
                while True:
                    n = found.readinto(buffer)
                    if not n:
                        break
                    digest.update(memoryview(buffer)[:n])
                    size += n
                    await asyncio.sleep_ms(0)
        except OSError:
            return False
        return size == expected and binascii.hexlify(digest.digest()).decode() == sha256

    def _finish(self):
        """Everything is there: the slot is whole, and is tried at the next start."""
        path = self._path(slots.MANIFEST)
        with open(path + ".new", "wb") as f:
            f.write(self._manifest)
        os.rename(path + ".new", path)
        slots.put_on_trial(self._slot)
        self.done = True
        log("I", "update", "build %d is in slot %s" % (self.build, self._slot))


def _check_fits(manifest, highest_build):
    """Whether this board may and can run it. Raises UpdateError."""
    mine = sys.implementation
    if manifest["mpy"] != mine._mpy & 0xFF:
        raise UpdateError(
            ".mpy version %d, this board reads %d: flash a newer MicroPython" % (manifest["mpy"], mine._mpy & 0xFF)
        )
    oldest = tuple(manifest["micropython"])
    if tuple(mine.version[:2]) < oldest:
        raise UpdateError("it needs MicroPython %d.%d, this board has %d.%d" % (oldest + tuple(mine.version[:2])))
    if manifest["build"] <= highest_build:
        raise UpdateError("build %d is not newer than %d, which has run here" % (manifest["build"], highest_build))


def _names_in(slot):
    """Every file of a slot, as folder/file, or as file where it lies in no folder."""
    names = []
    for name, kind, *_ in os.ilistdir(slot):
        if kind == 0x4000:
            names += [name + "/" + entry[0] for entry in os.ilistdir(slot + "/" + name)]
        else:
            names.append(name)
    return names


def _make_folders(slot, folders):
    """These folders, and no others that are empty."""
    for name, kind, *_ in os.ilistdir(slot):
        if kind == 0x4000 and name not in folders:
            os.rmdir(slot + "/" + name)
    for folder in folders:
        _make_folder(slot + "/" + folder)


def _make_folder(path):
    try:
        os.mkdir(path)
    except OSError:
        pass  # it is there; if it is not, the first file in it says so


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # it is not there


class Receiver:
    """An update that comes by commands. afterwards: Commands.afterwards. restart: function of a text."""

    def __init__(self, afterwards, restart):
        self._afterwards = afterwards
        self._restart = restart
        self._installer = None
        self._size = 0
        self._build = 0
        self._heard_ms = 0

    def begin(self, args):
        """The command `update`. Raises CommandError."""
        size = number(args, "size", 1, bundle.TOTAL_MAX_BYTES + bundle.MANIFEST_MAX_BYTES + 1024)
        build = number(args, "build", 1, _BUILD_MAX)
        if self._installer is None or (size, build) != (self._size, self._build):
            self._drop()
            try:
                self._installer = Installer(size)
            except UpdateError as error:
                raise CommandError(str(error))
            self._size, self._build = size, build
        self._heard_ms = time.ticks_ms()
        return self._answer()

    async def part(self, args):
        """The command `part`. Raises CommandError."""
        if self._installer is None or args.get("build") != self._build:
            raise CommandError("no update of this build is under way; begin with `update`")
        offset = number(args, "offset", 0, self._size)
        try:
            data = binascii.a2b_base64(args.get("data", ""))
        except (ValueError, TypeError):
            raise CommandError("data: expected base64")
        self._heard_ms = time.ticks_ms()
        try:
            await self._installer.take(offset, data)
        except UpdateError as error:
            self._drop()
            log("W", "update", str(error))
            raise CommandError(str(error))
        return self._answer()

    def _answer(self):
        want = self._installer.want() if self._installer is not None else None
        if want is not None:
            return {"want": want}
        self._drop()
        self._afterwards(lambda: self._restart("update to build %d" % self._build))
        return {"done": slots.spare()}

    def _drop(self):
        installer, self._installer = self._installer, None
        if installer is not None:
            installer.close()

    def look(self):
        """Whether a transfer is under way. One that stands still is given up: it holds some of the heap, and a file."""
        if self._installer is not None and time.ticks_diff(time.ticks_ms(), self._heard_ms) > _IDLE_MS:
            log("W", "update", "nothing came for %d s" % (_IDLE_MS // 1000))
            self._drop()
        return self._installer is not None


def install_file(path):
    """For the console: install the bundle in this file, and print the outcome as one JSON line.

    {"update": {"build": n, "slot": "b"}} or {"update": {"error": "..."}}. A reset starts the new slot.
    """
    asyncio.new_event_loop()  # the console has interrupted the node: its tasks must not run on in here
    try:
        build = asyncio.run(_install(path))
        outcome = {"build": build, "slot": slots.spare()}
    except (UpdateError, OSError) as error:
        outcome = {"error": str(error)}
    print(json.dumps({"update": outcome}))


async def _install(path):
    installer = Installer(os.stat(path)[6])
    try:
        with open(path, "rb") as f:
            while True:
                want = installer.want()
                if want is None:
                    return installer.build
                f.seek(want[0])
                data = f.read(want[1])
                if len(data) < want[1]:
                    raise UpdateError("cut off: it ends at %d" % (want[0] + len(data)))
                await installer.take(want[0], data)
    finally:
        installer.close()
