"""What the host can ask of a node; node.commands says how it arrives, and that it happens once."""

import asyncio
import gc

from drivers import SensorError

from node import calibration
from node.commands import CommandError, Commands, number
from node.lent import lent

_MAX_SECONDS = 600


def commands_of(node, seen):
    """The node's Commands. node: node.node.Node. seen: as Commands takes it."""
    commands = Commands(node.clock, node.uplink.reply, seen)
    _Actions(node, commands).register()
    return commands


def _renewal():
    return lent(
        "node.renewal", "node.pair", "node.signature", "node.commands", "paraat_wire.renewal", "paraat_wire.orders"
    )


class _Actions:
    def __init__(self, node, commands):
        self._node = node
        self._commands = commands
        self._receiver = None  # of an update

    def register(self):
        register = self._commands.register
        register("identify", self.identify)
        register("call", self.call)
        register("sample-now", self.sample_now)
        register("calibrate", self.calibrate)
        register("resend", self.resend)
        register("reset-count", self.reset_count)
        register("reboot", self.reboot, lasting=True)
        register("renew", self.renew)
        register("certificate", self.certificate)
        register("update", lambda args: self._updates().begin(args))
        register("part", lambda args: self._updates().part(args))

    def _updates(self):
        """What takes new firmware; loaded when it is first wanted, for the room that it needs in the heap."""
        if self._receiver is None:
            gc.collect()
            from node import update

            self._receiver = update.Receiver(self._commands.afterwards, self._node.health.restart)
            self._commands.is_busy = self._receiver.look
        return self._receiver

    async def renew(self, args):
        """A new key of this board's, for a certificate of which the old one ends."""
        with _renewal() as renewal:
            return await renewal.ask(self._node.point)

    async def certificate(self, args):
        """The certificate for it, and the authorities: tried from the next start on, which follows."""
        with _renewal() as renewal:
            taken = await renewal.take(self._node.point, args)
            self._commands.afterwards(lambda: self._node.health.restart("certificate %s has come" % taken["serial"]))
            return taken

    def identify(self, args):
        """seconds (10): how long lamp and buzzer show which board this is; 0 ends it."""
        seconds = number(args, "seconds", 0, _MAX_SECONDS, 10)
        self._node.panel.show("identify", seconds)
        return {"seconds": seconds}

    def call(self, args):
        """seconds (60): how long lamp and buzzer call people, until somebody presses the button; 0 ends it.

        The answer says whether the board has a buzzer, or its lamp alone calls.
        """
        seconds = number(args, "seconds", 0, _MAX_SECONDS, 60)
        self._node.panel.show("called", seconds)
        return {"seconds": seconds, "buzzer": self._node.hw.has("buzzer")}

    async def sample_now(self, args):
        """Read all sensors, beside the beat; the set goes to the journal like the others."""
        seq, values, faults = await self._node.take_set()
        return {"seq": seq, "values": dict(values), "faults": dict(faults)}

    async def calibrate(self, args):
        """at: "empty" or "full", which the tank is now; name: of the sensor, where a board has several."""
        at = args.get("at")
        if at not in ("empty", "full"):
            raise CommandError("at: found %s, expected empty or full" % repr(at)[:40])
        if self._node.desired.on:
            raise CommandError("a new configuration is on trial; try again when it is confirmed")
        slot = self._level_slot(args.get("name"))
        try:
            return await self._calibrate(slot, slot.driver.ENDS[at == "full"])
        except SensorError as error:
            raise CommandError("no reading that can be believed: %s" % error)
        except ValueError as error:
            raise CommandError("nothing was changed: %s" % error)
        except OSError as error:
            raise CommandError("nothing was changed: bus or flash: %s" % error)

    def _level_slot(self, name):
        """The sampler's slot of the level sensor with this name; None: of the only one. Raises CommandError."""
        slots = [slot for slot in self._node.sampler.slots if hasattr(slot.driver, "ENDS")]
        found = [slot for slot in slots if name is None or slot.config.get("name", slot.config["driver"]) == name]
        if len(found) == 1:
            return found[0]
        known = ", ".join([slot.config.get("name", slot.config["driver"]) for slot in slots])
        raise CommandError("name: found %s, expected one of: %s" % (name, known or "(no level sensor)"))

    async def _calibrate(self, slot, key):
        """Measure, and go on with that as this key of the sensor's table. Returns {key: measured value}.

        Raises SensorError and OSError from the sensor, ValueError when its driver does not take the value or the
        configuration cannot be read, OSError when the flash does not take it: nothing has changed then.
        """
        said = self._said()
        sampler = self._node.sampler
        async with sampler.lock:
            try:
                value = await asyncio.wait_for(slot.ready().measure(), sampler.limit_s)
            except asyncio.TimeoutError:
                raise SensorError("silent", "no answer within %d s" % sampler.limit_s)
            changes = {key: value if isinstance(value, int) else round(value, 3)}
            config = dict(slot.config)
            config.update(changes)
            sensor = slot.driver.setup(config, self._node.hw)
            calibration.keep(said, slot.config, changes)
            slot.config = config
            slot.sensor = sensor
        return changes

    def _said(self):
        with lent("node.desired_files", "paraat_wire.orders") as files:
            return files.said(self._node.desired)

    def resend(self, args):
        """from, to (the newest): send these again, acknowledged or not, as far as the ring still has them."""
        journal = self._node.journal
        newest = journal.next - 1
        first = number(args, "from", 1, max(1, newest))
        last = number(args, "to", first, max(first, newest), max(first, newest))
        again = journal.offer_again(first, last)
        self._node.uplink.wake()
        return {"again": again, "oldest": journal.oldest, "newest": newest}

    def reset_count(self, args):
        """Everybody is out: the count of people begins anew."""
        counters = [slot.sensor for slot in self._node.sampler.slots if hasattr(slot.sensor, "reset")]
        if not counters:
            raise CommandError("this board counts no people")
        for counter in counters:
            counter.reset()
        return {"counters": len(counters)}

    def reboot(self, args):
        """Start anew, once the answer is on its way."""
        self._commands.afterwards(lambda: self._node.health.restart("asked by the host"))
        return {"boot": self._node.boot}
