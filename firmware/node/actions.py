"""What the host can ask of a node; node.commands says how it arrives, and that it happens once."""

from drivers import SensorError

from node import calibration
from node.commands import CommandError, number
from node.sampler import NoSensor

_MAX_SECONDS = 600


def register(node):
    """Let the node's commands do these. node: node.app.Node."""
    _Actions(node).register(node.commands)


class _Actions:
    def __init__(self, node):
        self._node = node

    def register(self, commands):
        commands.register("identify", self.identify)
        commands.register("sample-now", self.sample_now)
        commands.register("calibrate", self.calibrate)
        commands.register("resend", self.resend)
        commands.register("reset-count", self.reset_count)
        commands.register("reboot", self.reboot, lasting=True)

    def identify(self, args):
        """seconds (10): how long lamp and buzzer show which board this is; 0 ends it."""
        seconds = number(args, "seconds", 0, _MAX_SECONDS, 10)
        self._node.panel.identify(seconds)
        return {"seconds": seconds}

    async def sample_now(self, args):
        """Read all sensors, beside the beat; the set goes to the journal like the others."""
        seq, values, faults = await self._node.take_set()
        return {"seq": seq, "values": dict(values), "faults": dict(faults)}

    async def calibrate(self, args):
        """at: "empty" or "full", which the tank is now; name: of the sensor, where a board has several."""
        at = args.get("at")
        if at not in ("empty", "full"):
            raise CommandError("at: found %s, expected empty or full" % repr(at)[:40])
        node = self._node
        if node.desired.on:
            raise CommandError("a new configuration is on trial; try again when it is confirmed")
        try:
            said = node.desired.said()

            def keep(sensor, changes):
                calibration.keep(said, sensor, changes)

            return await node.sampler.calibrate(at == "full", args.get("name"), keep)
        except NoSensor as error:
            raise CommandError(str(error))
        except SensorError as error:
            raise CommandError("no reading that can be believed: %s" % error)
        except ValueError as error:
            raise CommandError("nothing was changed: %s" % error)
        except OSError as error:
            raise CommandError("nothing was changed: bus or flash: %s" % error)

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
        count = self._node.sampler.reset_counts()
        if not count:
            raise CommandError("this board counts no people")
        return {"counters": count}

    def reboot(self, args):
        """Start anew, once the answer is on its way."""
        self._node.commands.afterwards(lambda: self._node.health.restart("asked by the host"))
        return {"boot": self._node.boot}
