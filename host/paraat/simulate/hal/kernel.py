"""Virtual time of a simulated board, in discrete events.

`now_us` is the board's time since it started, in microseconds. It moves only while the board waits (time.sleep*, or
select.poll as asyncio uses it), and stops at every device event on the way, so no edge on a pin is jumped over.

Free-running (no scenario, or one without "speed"): time moves as fast as the machine can. A real socket that is
registered gets GRACE_MS of real time before each move, which is enough for a peer in the same process; a test with a
peer in another process wants paced time.
Paced ("speed" in the scenario): time never runs ahead of real time multiplied by speed. "real0_unix" is the real moment
at which the story begins, so that several boards and the host agree on it; a board that starts later joins the story
where it is. A file `end` beside the configuration holds the second of the story from which on time runs as real time
does: what is under way can then arrive, and nothing new comes.
"""

import json
import os

import utime

GRACE_MS = 2
END_FILE = "end"
_LOOK_FOR_END_MS = 200
FOREVER_MS = -1

now_us = 0
scenario = {}
story0_s = 0.0  # second of the story at which this board started
_end_s = None
_looked_ms = utime.ticks_ms()
_events = []  # (t_us, order, callback), sorted
_order = 0


def _load():
    global scenario, story0_s
    path = os.getenv("PARAAT_SCENARIO")
    if not path:
        return
    with open(path) as f:
        scenario = json.load(f)
    if "speed" in scenario and "real0_unix" in scenario:
        story0_s = _story_s(utime.time() - scenario["real0_unix"])


def _story_s(real_s):
    """Second of the story after so many real seconds."""
    speed = scenario["speed"]
    story_s = real_s * speed
    if _end_s is not None and story_s > _end_s:
        story_s = _end_s + (real_s - _end_s / speed)
    return story_s


def _real_s(story_s):
    """Real seconds until a second of the story: the inverse of _story_s."""
    speed = scenario["speed"]
    if _end_s is not None and story_s > _end_s:
        return _end_s / speed + (story_s - _end_s)
    return story_s / speed


def _look_for_end():
    """See, now and then, whether somebody has ended the story."""
    global _end_s, _looked_ms
    now_ms = utime.ticks_ms()
    if _end_s is None and utime.ticks_diff(now_ms, _looked_ms) >= _LOOK_FOR_END_MS:
        _looked_ms = now_ms
        try:
            with open(END_FILE) as f:
                _end_s = float(f.read())
        except (OSError, ValueError):
            pass


_load()
_real0_s = scenario.get("real0_unix", utime.time())


def story_s():
    """The second of the story that the board lives in now."""
    return story0_s + now_us / 1000000


def at(t_us, callback):
    """Call callback() when virtual time reaches t_us. Callbacks of one moment run in the order they were asked."""
    global _order
    _order += 1
    item = (t_us, _order, callback)
    i = len(_events)
    while i and _events[i - 1][0] > t_us:
        i -= 1
    _events.insert(i, item)


def unplug():
    """Forget what devices were about to do: the board is wired anew after this."""
    del _events[:]


def at_story(second, callback):
    """Call callback() at a second of the story; at once (at the next wait) when that is over."""
    at(max(now_us, int((second - story0_s) * 1000000)), callback)


def _move(t_us):
    """Move time to t_us, running what is due on the way."""
    global now_us
    while _events and _events[0][0] <= t_us:
        due_us, _, callback = _events.pop(0)
        now_us = max(now_us, due_us)
        callback()
    now_us = max(now_us, t_us)


def _allowed_us():
    """How far virtual time may be by now."""
    return int((_story_s(utime.time() - _real0_s) - story0_s) * 1000000)


def _real_wait_ms(t_us):
    """Real milliseconds until virtual time may be t_us, rounded up."""
    wait_s = _real_s(story0_s + t_us / 1000000) - (utime.time() - _real0_s)
    return max(0, int(wait_s * 1000) + 1)


real_sleep_ms = utime.sleep_ms


def sleep_us(us):
    """What time.sleep_us does: nothing else runs but interrupts."""
    wake_us = now_us + max(0, us)
    if "speed" in scenario:
        while now_us < wake_us:
            _pace(wake_us, None)
    else:
        _move(wake_us)


def _pace(deadline_us, poller):
    """Go on towards deadline_us (or the next event), waiting in real time for it; poller may cut the wait short."""
    _look_for_end()
    target_us = deadline_us
    if _events and (target_us is None or _events[0][0] < target_us):
        target_us = _events[0][0]
    if target_us is not None and _allowed_us() >= target_us:
        _move(target_us)
        return
    wait_ms = 1000 if target_us is None else min(1000, _real_wait_ms(target_us))
    if poller is None:
        real_sleep_ms(wait_ms)
    else:
        poller.look(wait_ms)
    limit_us = _allowed_us()
    _move(limit_us if target_us is None else min(limit_us, target_us))


def wait(poller, timeout_ms):
    """What poll(timeout_ms) does. poller: select.poll. Returns the list of what is ready."""
    deadline_us = None if timeout_ms is None or timeout_ms < 0 else now_us + timeout_ms * 1000
    paced = "speed" in scenario
    while True:
        ready = poller.look()
        if ready:
            return ready
        if deadline_us is not None and now_us >= deadline_us:
            return ready
        if paced:
            _pace(deadline_us, poller)
            continue
        if poller.has_sockets:
            ready = poller.look(GRACE_MS)
            if ready:
                return ready
        if _events and (deadline_us is None or _events[0][0] <= deadline_us):
            _move(_events[0][0])
        elif deadline_us is not None:
            _move(deadline_us)
        elif poller.has_sockets:
            return poller.look(FOREVER_MS)
        else:
            raise RuntimeError("the board waits for ever: no timer, no device event, no socket")
