"""What MicroPython starts at power-on: chooses the firmware slot, a or b, and starts node.app from it.

This file stands outside the slots and is never updated over the air, so it uses nothing of them and nothing in it may
fail: what it cannot read it does without. A slot is whole when it holds manifest.json, which an update writes last and
removes first (node/update.py). slot.json says the rest, and is replaced whole by a rename:
  run     the slot that is known to be good
  trial   a newer one that has not yet shown that it samples and reaches the host; absent when there is none
  starts  how often it was started
  error   how its last start failed
  why     why the last one was given up
A slot on trial has _STARTS starts, whatever ends them: an exception, the watchdog, a blackout. Then the old one is back.

Without slots (in development, in the simulation) the firmware is found on sys.path as it is. On the console, for
mpremote: import main; main.put_slot_on_path(); then everything of the slot can be imported.
"""

import gc
import json
import os
import sys
import time

import machine

_FILE = "slot.json"
_SLOTS = ("a", "b")
_STARTS = 3
_WATCHDOG_MS = 120000  # of a slot on trial that hangs before it has a watchdog of its own
_COLLECT_EVERY_BYTES = 8192  # else what stays of the imports lies all over the heap, with garbage in between
# What MicroPython has in itself and the firmware imports again and again. Not socket and network: they start the network.
_BUILT_IN = ("array", "binascii", "collections", "errno", "json", "machine", "os", "random", "struct", "time")
_PAUSE_S = 5  # before a new start: room for Ctrl-C, and no storm of resets


def start():
    """Run the firmware for ever; an exception is noted, and the board starts anew."""
    _remember_built_ins()
    slot = put_slot_on_path(True)
    imported = False
    gc.collect()
    gc.threshold(_COLLECT_EVERY_BYTES)
    try:
        import asyncio

        from node import app

        imported = True
        asyncio.run(app.main())
        error = "the program ended"
    except Exception as problem:
        if slot is None:
            raise
        sys.print_exception(problem)
        error = "%s: %s" % (type(problem).__name__, problem)
    _note_failure(slot, error, imported)
    time.sleep(_PAUSE_S)
    machine.reset()


def _remember_built_ins():
    """Let their imports find them at once.

    Else MicroPython looks for a file of that name first, in every folder of sys.path and at every import: a hundred reads
    of the flash each (py/builtinimport.c, process_import_at_level; they are "extensible").
    """
    for name in _BUILT_IN:
        sys.modules[name] = __import__(name)


def put_slot_on_path(starting=False):
    """Put the chosen slot in front of sys.path. Returns it, or None where there are no slots.

    starting: count this as a start of a slot on trial, and put it under the watchdog.
    """
    state = _read()
    whole = [slot for slot in _SLOTS if _is_whole(slot)]
    if not whole:
        return None
    slot = state.get("run")
    if slot not in whole:
        slot = whole[0]
    if state.get("trial") in whole and _may_try(state, starting):
        slot = state["trial"]
        if starting:
            _guard()
    sys.path.insert(0, slot)
    return slot


def _may_try(state, starting):
    """Whether the slot on trial has a start left. Without a count in flash it could be tried for ever: then not."""
    starts = state.get("starts")
    if isinstance(starts, int) and starts < _STARTS:
        state["starts"] = starts + 1
        return not starting or _write(state)
    if starting:
        state["why"] = state.get("error") or "%d starts, none of them good" % _STARTS
        _settle(state, state.get("run"))
    return False


def _guard():
    try:
        machine.WDT(timeout=_WATCHDOG_MS)
    except Exception:
        pass


def _note_failure(slot, error, imported):
    """After a failed start. A slot that cannot even be imported leaves the field to the other one, if that is whole."""
    state = _read()
    if state.get("trial") == slot:
        state["error"] = error[:120]
        _write(state)
        return
    others = [other for other in _SLOTS if other != slot and _is_whole(other)]
    if not imported and others:
        state["why"] = error[:120]
        _settle(state, others[0])


def _settle(state, slot):
    state["run"] = slot
    for key in ("trial", "starts", "error"):
        state.pop(key, None)
    _write(state)


def _is_whole(slot):
    try:
        os.stat(slot + "/manifest.json")
        return True
    except OSError:
        return False


def _read():
    try:
        with open(_FILE) as f:
            state = json.load(f)
        return state if isinstance(state, dict) else {}
    except Exception:  # missing, torn, or rotten: the slots themselves are enough to start
        return {}


def _write(state):
    try:
        with open(_FILE + ".new", "w") as f:
            json.dump(state, f)
        os.rename(_FILE + ".new", _FILE)
        return True
    except Exception:
        return False


if __name__ == "__main__":
    start()
