"""What people at the point see, hear and press: lamp, buzzer, button, key switch. It needs no network.

Pins, by the names in the configuration's "pins", all of them optional; contacts are to ground, with a pull-up:
  led, buzzer   show the state of the local alarm; the buzzer goes along while nobody has acknowledged
  button        a press acknowledges, what the host calls for too, or ends an identify; held for three seconds it asks for help
  open_switch   a key switch: closed while the point is open
  open_button   held for a second it opens, or closes again; only where there is no key switch
"""

import asyncio
import time

from drivers import SensorError
from drivers.digital_input import DigitalInput
from micropython import const

from node import flash
from node.local_alarm import PATTERNS
from node.log import complain

_HELP_MS = const(3000)
_OPEN_MS = const(1000)  # so that nobody opens a point by leaning on it
_DEBOUNCE_MS = const(30)
_UNSETTLED_S = const(1)
_REST_S = const(5)  # between two turns of the key: a loose contact must not fill the journal
_OPEN_FILE = "open"  # "1" while the point is open: a restart is no opening


class _Button:
    """pin: to ground, with a pull-up."""

    def __init__(self, pin):
        self._pin = pin
        self._edge = asyncio.ThreadSafeFlag()
        pin.irq(lambda _pin: self._edge.set(), pin.IRQ_FALLING)

    async def press(self, long_ms):
        """Wait for a press. Returns at its end with False, or with True as soon as it has lasted for long_ms."""
        while not self._pin.value():  # the one before still lasts
            await asyncio.sleep_ms(_DEBOUNCE_MS)
        while True:
            await self._edge.wait()
            await asyncio.sleep_ms(_DEBOUNCE_MS)
            if self._pin.value():  # a bounce
                continue
            start = time.ticks_ms()
            while not self._pin.value():
                if time.ticks_diff(time.ticks_ms(), start) >= long_ms:
                    return True
                await asyncio.sleep_ms(_DEBOUNCE_MS)
            return False


class Panel:
    """hw: Hardware. alarm: LocalAlarm. linked(): whether the host answers. record(name, on): keeps an event."""

    def __init__(self, hw, alarm, linked, record):
        self._hw = hw
        self._alarm = alarm
        self._linked = linked
        self._record = record
        self._changed = asyncio.Event()  # there may be something else to show
        self._once = None  # a pattern to show next, once
        self._asked = None  # (pattern, until when in ticks), with the buzzer: somebody has asked for it
        self.is_open = flash.read(_OPEN_FILE) == "1"

    # --- lamp and buzzer ---

    async def signal(self):
        """Show the state, for ever."""
        led = self._hw.named_out("led")
        buzzer = self._hw.named_out("buzzer")
        while True:
            once, self._once = self._once, None
            shown = self._state()
            pattern, sounds = shown if once is None else (once, True)
            for i, ms in enumerate(PATTERNS[pattern]):
                on = i % 2 == 0
                if led is not None:
                    led.value(on)
                if buzzer is not None:
                    buzzer.value(on and sounds)
                if not await self._hold(ms, shown if once is None else None):
                    break

    def _state(self):
        """(pattern, whether the buzzer goes along)."""
        asked = self._asked
        if asked is not None:
            if time.ticks_diff(asked[1], time.ticks_ms()) > 0:
                return asked[0], True
            self._asked = None
        self._alarm.linked = self._linked()
        return self._alarm.state, self._alarm.sounds

    async def _hold(self, ms, shown):
        """Keep lamp and buzzer as they are. Returns False when something else must be shown before the time is up.

        shown: the state that the pattern shows; None for one that is shown once, and to its end.
        """
        end = time.ticks_add(time.ticks_ms(), ms)
        while True:
            left_ms = time.ticks_diff(end, time.ticks_ms())
            if left_ms <= 0:
                return True
            self._changed.clear()
            try:
                await asyncio.wait_for_ms(self._changed.wait(), left_ms)
            except asyncio.TimeoutError:
                return True
            if shown is not None and (self._once is not None or self._state() != shown):
                return False

    def refresh(self):
        """The alarm has judged a sample: show it now, not after the pattern."""
        self._changed.set()

    def _show_once(self, pattern):
        self._once = pattern
        self._changed.set()

    def show(self, pattern, seconds):
        """Lamp and buzzer show a key of PATTERNS for so long, over the alarm; 0: no longer. A press ends it too."""
        self._asked = (pattern, time.ticks_add(time.ticks_ms(), seconds * 1000))
        self._changed.set()

    # --- what is pressed ---

    async def button(self):
        """The alarm's button, for ever."""
        pin = self._hw.named_button("button")
        if pin is None:
            return
        button = _Button(pin)
        while True:
            if await button.press(_HELP_MS):
                self._record("button/help", True)
                self._show_once("help")
            else:
                asked, self._asked = self._asked, None
                self._changed.set()
                # A press that ends "identify" says nothing about an alarm; one that ends a call is about ours too.
                if (asked is None or asked[0] != "identify") and (self._alarm.acknowledge() or asked):
                    self._record("button/ack", True)

    async def opening(self):
        """The key switch, or the button that opens and closes, for ever."""
        pin = self._hw.named_button("open_switch")
        if pin is not None:
            await self._follow(pin)
        pin = self._hw.named_button("open_button")
        if pin is not None:
            button = _Button(pin)
            while True:
                if await button.press(_OPEN_MS):
                    self._set_open(not self.is_open)

    async def _follow(self, pin):
        switch = DigitalInput(pin, active_low=True)
        edge = asyncio.ThreadSafeFlag()
        pin.irq(lambda _pin: edge.set(), pin.IRQ_FALLING | pin.IRQ_RISING)
        while True:
            try:
                on = (await switch.read()).on
                if on != self.is_open:
                    self._set_open(on)
                    await asyncio.sleep(_REST_S)
                await edge.wait()
            except SensorError as error:
                complain("open_switch", error)
                await asyncio.sleep(_UNSETTLED_S)

    def _set_open(self, on):
        self.is_open = on
        self._record("point/open", on)
        self._show_once("opened" if on else "closed")
        # Where the flash does not take it: after a restart a key switch tells it again, a button forgets it.
        flash.keep(_OPEN_FILE, "1" if on else "0", "panel")
