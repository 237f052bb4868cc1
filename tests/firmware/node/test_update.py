import asyncio
import binascii
import os
import sys

import bundles
import main
from bench import raises
from bundles import build_in, firmware, lay_out, make, write
from node import slots, update
from node.commands import CommandError, Commands

from paraat_wire import bundle


def board(build=1):
    """A flashed board that runs slot a."""
    lay_out(build)
    assert main.put_slot_on_path() == "a"


def install(data, flip=None):
    """Install a bundle from a file. Returns the error, None when it was taken."""
    if flip is not None:
        data = bytearray(data)
        data[flip] ^= 0x10
    write("bundle.bin", data)
    try:
        asyncio.run(update._install("bundle.bin"))
    except update.UpdateError as error:
        return str(error)
    return None


def refused(data, words, flip=None):
    """A bundle that is refused: with these words, and nothing of the running slot has changed."""
    error = install(data, flip)
    assert words in str(error), error
    assert build_in("a") == 1
    assert not os_exists("b/manifest.json")
    assert main.put_slot_on_path(True) == "a"
    sys.path.pop(0)


def os_exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def test_a_bundle_goes_into_the_other_slot_and_is_tried_next():
    board()
    assert install(make(2)) is None
    assert (build_in("a"), build_in("b")) == (1, 2)
    assert slots.read() == {"run": "a", "build": 1, "trial": "b", "starts": 0}
    assert main.put_slot_on_path(True) == "b"


def test_the_console_gets_one_line():
    board()
    write("bundle.bin", make(2))
    update.install_file("bundle.bin")  # prints; what it does is the same as above
    assert build_in("b") == 2
    write("bundle.bin", b"nonsense")
    update.install_file("bundle.bin")
    update.install_file("nowhere.bin")
    assert build_in("b") == 2


def test_updates_go_to_and_fro_and_leave_nothing_behind():
    board()
    for build in (2, 3, 4):
        files = ("node/app.mpy", "new%d/x.mpy" % build, "drivers/ds18b20.mpy")
        assert install(make(build, firmware(build, files))) is None
        slot = slots.spare()
        sys.path.pop(0)
        assert main.put_slot_on_path(True) == slot
        slots.write({"run": slot, "build": slots.highest_build()})
        assert build_in(slot) == build
        assert sorted(os.listdir(slot)) == ["drivers", "manifest.json", "new%d" % build, "node"]


def test_what_is_there_already_need_not_come_again():
    board()
    assert install(make(2)) is None
    slots.write({"run": "a", "build": 1})
    installer = update.Installer(len(make(3)))
    data = make(3)
    asked = []

    async def feed():
        while installer.want():
            offset, n = installer.want()
            asked.append((offset, n))
            await installer.take(offset, data[offset : offset + n])

    asyncio.run(feed())
    same = len(firmware(3)["drivers/ds18b20.mpy"])
    assert sum([n for _, n in asked]) == len(data) - same
    assert max([n for _, n in asked]) <= bundle.PART_BYTES
    assert build_in("b") == 3


def test_every_byte_counts():
    board()
    data = make(2)
    head = 12 + int.from_bytes(data[8:12], "big")
    refused(data, "no bundle of Paraat", flip=0)
    refused(data, "a manifest of", flip=8)
    refused(data, "signature", flip=11)
    refused(data, "signature", flip=30)
    refused(data, "signature", flip=head - 3)
    refused(data, "signature", flip=head + 5)
    refused(data, "signature", flip=head + 383)
    refused(data, ".mpy is not what the signed manifest says", flip=head + 384)
    refused(data, ".mpy is not what the signed manifest says", flip=len(data) - 1)


def test_what_is_cut_off_or_too_long_is_refused():
    board()
    data = make(2)
    head = 12 + int.from_bytes(data[8:12], "big")
    for length in (0, 5, 12, 300, head, head + 200):
        refused(data[:length], "cut off")
    refused(data[: head + 384], "and its manifest speaks of")
    refused(data[:-1], "and its manifest speaks of")
    refused(data + b"\0", "and its manifest speaks of")


def test_another_key_is_refused():
    board()
    other = bytearray(bundles.MODULUS)
    other[100] ^= 1
    write("update.pub", other)
    refused(make(2), "the signature is not that of this site's key")
    os.remove("update.pub")
    refused(make(2), "update.pub: found no public key")


def test_what_is_refused_writes_nothing():
    board()
    before = sorted(os.listdir())
    install(make(2), flip=30)
    os.remove("bundle.bin")
    assert sorted(os.listdir()) == before


def test_a_name_cannot_leave_the_slot():
    board()
    for name in (
        "../main.py", "/main.py", "../a/node/app.mpy", "node/../../x.mpy", "node/app.py", "app.mpy", "a/b/c.mpy",
        "node//x.mpy", "node/.mpy", "/node/x.mpy", "node\\x.mpy", "NODE/x.mpy", "node/x.mpy\0", "n" * 60 + "/x.mpy", "manifest.json",
    ):  # fmt: skip
        contents = {"node/app.mpy": b"x" * 10, name: b"y" * 10}
        refused(make(2, contents), "is no folder/file.mpy")


def test_a_manifest_that_is_signed_but_wrong_is_refused():
    board()
    row = ["node/app.mpy", 5, bundles.sha256(b"12345")]
    for changes, words in (
        ({"format": 2}, "format 2, expected 1"),
        ({"version": None}, "version: found no text of at most 40 characters"),
        ({"build": 0}, "build: found 0"),
        ({"build": True}, "build: found True"),
        ({"micropython": [1]}, "micropython: found [1]"),
        ({"micropython": [9, 1]}, "it needs MicroPython 9.1"),
        ({"mpy": 5}, ".mpy version 5"),
        ({"files": []}, "files: expected a list of 1 to"),
        ({"files": [row] * 81}, "files: expected a list of 1 to"),
        ({"files": [row, row]}, "node/app.mpy is there twice"),
        ({"files": [row[:2]]}, "files: expected name, size and digest"),
        ({"files": [["node/app.mpy", -1, row[2]]]}, "node/app.mpy has -1 bytes"),
        ({"files": [["node/app.mpy", 70000, row[2]]]}, "node/app.mpy has 70000 bytes, at most 65536"),
        ({"files": [["node/app.mpy", 5, "ab"]]}, "has no SHA-256"),
        ({"files": [["node/a%d.mpy" % i, 60000, row[2]] for i in range(4)]}, "240000 bytes, at most 196608"),
    ):
        refused(make(2, {"node/app.mpy": b"12345"}, **changes), words)


def test_an_old_build_is_refused_although_it_is_signed():
    board(5)
    for build in (1, 4, 5):
        error = install(make(build))
        assert error == "build %d is not newer than 5, which has run here" % build
    slots.write({"run": "a", "build": 8})  # the other slot had build 8 once
    assert "not newer than 8" in install(make(7))
    assert install(make(9)) is None


def test_a_slot_on_trial_takes_no_update():
    board()
    assert install(make(2)) is None
    sys.path.pop(0)
    assert main.put_slot_on_path(True) == "b"
    assert "itself on trial" in install(make(3))
    assert (build_in("a"), build_in("b")) == (1, 2)


def test_without_slots_there_is_no_update():
    assert "this board has no slots" in install(make(2))


# --- by commands ---


class Clock:
    def now(self):
        return 1795521600, True


class Board:
    """The commands of a board that runs slot a, and what they answer."""

    def __init__(self):
        self.commands = Commands(Clock(), None, [])
        self.restarts = []
        self.receiver = update.Receiver(self.commands.afterwards, self.restarts.append)

    async def do(self, name, **args):
        found = (self.receiver.begin if name == "update" else self.receiver.part)(args)
        return await found if hasattr(found, "send") else found

    async def part(self, build, offset, data):
        return await self.do("part", build=build, offset=offset, data=binascii.b2a_base64(data).decode().strip())

    async def refusal(self, name, **args):
        try:
            await self.do(name, **args)
        except CommandError as error:
            return str(error)
        raise AssertionError("taken")


async def send(there, data, build, answer=None):
    """Bring a bundle as the host does. Returns the last answer, and how many parts it took."""
    parts = 0
    answer = answer or await there.do("update", size=len(data), build=build)
    while "want" in answer:
        offset, n = answer["want"]
        answer = await there.part(build, offset, data[offset : offset + n])
        parts += 1
    return answer, parts


async def test_an_update_by_commands_ends_with_a_restart():
    board()
    there = Board()
    data = make(2)
    answer, parts = await send(there, data, 2)
    assert answer == {"done": "b"}
    assert parts >= len(data) // bundle.PART_BYTES
    there.commands._afterwards()
    assert there.restarts == ["update to build 2"]
    assert build_in("b") == 2


async def test_what_comes_twice_or_out_of_order_changes_nothing():
    board()
    there = Board()
    data = make(2)
    first = await there.do("update", size=len(data), build=2)
    second = await there.part(2, 0, data[: first["want"][1]])
    assert await there.part(2, 0, data[: first["want"][1]]) == second
    assert await there.part(2, 4000, data[4000:5000]) == second
    assert await there.do("update", size=len(data), build=2) == second
    assert (await send(there, data, 2, second))[0] == {"done": "b"}


async def test_another_bundle_begins_anew_and_uses_what_has_come():
    board()
    there = Board()
    old, new = make(2), make(3)
    answer = await there.do("update", size=len(old), build=2)
    for _ in range(4):
        offset, n = answer["want"]
        answer = await there.part(2, offset, old[offset : offset + n])
    assert "no update of this build" in await there.refusal("part", build=3, offset=0, data="")
    assert (await send(there, new, 3))[0] == {"done": "b"}
    assert build_in("b") == 3


async def test_a_restart_in_the_middle_goes_on_with_the_next_file():
    board()
    data = make(2)
    there = Board()
    answer = await there.do("update", size=len(data), build=2)
    while there.receiver._installer._at < 2:
        offset, n = answer["want"]
        answer = await there.part(2, offset, data[offset : offset + n])
    there.receiver._drop()  # the power goes
    there = Board()
    answer, parts = await send(there, data, 2)
    assert answer == {"done": "b"}
    assert parts * bundle.PART_BYTES < len(data) + bundle.PART_BYTES


async def test_a_refusal_is_an_answer_and_the_next_try_may_be_good():
    board()
    there = Board()
    data = bytearray(make(2))
    data[-1] ^= 1
    try:
        await send(there, bytes(data), 2)
        reason = "taken"
    except CommandError as error:
        reason = str(error)
    assert ".mpy is not what the signed manifest says" in reason
    assert "no update of this build is under way" in await there.refusal("part", build=2, offset=0, data="")
    assert (await send(there, make(2), 2))[0] == {"done": "b"}


async def test_wrong_arguments_are_named():
    board()
    there = Board()
    assert "size: found" in await there.refusal("update", build=2)
    assert "size: found" in await there.refusal("update", size=10**9, build=2)
    assert "build: found" in await there.refusal("update", size=1000, build="2")
    await there.do("update", size=1000, build=2)
    assert "offset: found" in await there.refusal("part", build=2, offset=-1, data="")
    assert "base64" in await there.refusal("part", build=2, offset=0, data=5)


async def test_a_transfer_that_stands_still_is_given_up():
    board()
    there = Board()
    data = make(2)
    answer = await there.do("update", size=len(data), build=2)
    await asyncio.sleep(500)
    there.receiver.look()
    answer = await there.part(2, 0, data[: answer["want"][1]])
    await asyncio.sleep(500)
    there.receiver.look()
    await there.part(2, answer["want"][0], data[answer["want"][0] :][: answer["want"][1]])
    await asyncio.sleep(700)
    there.receiver.look()
    assert "no update of this build is under way" in await there.refusal("part", build=2, offset=0, data="")


async def test_the_heap_holds_no_bundle():
    """A bundle of 60 KB goes in with less than 14 KB more than before."""
    import gc

    board()
    size = 60000
    contents = {"node/n%d.mpy" % i: b"%04d" % i * (size // 80) for i in range(20)}
    there = Board()
    build = 2
    text = bundles.text_of(bundles.manifest(build, contents))
    signed = bundle.MAGIC + len(text).to_bytes(4, "big") + text
    data = signed + bundles.sign(signed) + b"".join(contents.values())
    write("bundle.bin", data)
    total = len(data)
    del contents, text, signed, data
    gc.collect()
    before = gc.mem_alloc()
    most = 0
    answer = await there.do("update", size=total, build=build)
    with open("bundle.bin", "rb") as f:
        while "want" in answer:
            f.seek(answer["want"][0])
            answer = await there.part(build, answer["want"][0], f.read(answer["want"][1]))
            gc.collect()
            most = max(most, gc.mem_alloc() - before)
    assert answer == {"done": "b"}
    assert most < 14000 * 2, most  # the unix port's words are twice as long


def test_a_flash_that_is_too_small_is_said_before_it_is_filled():
    import vfs
    from devices.flash import Flash

    flash = Flash(24)
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/small")
    os.chdir("/small")
    board()
    big = {"node/n%d.mpy" % i: b"%d" % i * 5000 for i in range(8)}
    data = make(2, big)
    os.chdir("/")
    write("/tmp/paraat-bundle-%d" % id(data), data)
    os.chdir("/small")
    writes = flash.writes
    path = "/tmp/paraat-bundle-%d" % id(data)
    try:
        error = raises(update.UpdateError, asyncio.run, update._install(path))
    finally:
        os.chdir("/")
        os.remove(path)
        os.chdir("/small")
    assert "free blocks of 4096 bytes, and it takes" in str(error), error
    assert flash.writes - writes < 20
    assert build_in("a") == 1
    assert main.put_slot_on_path() == "a"
