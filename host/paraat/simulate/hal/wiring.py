"""What is wired to which pin. Devices are put here; machine and onewire look here."""

levels = {}  # pin -> 0 or 1, as a device drives it
watchers = {}  # pin -> machine.Pin with an interrupt handler
adc = {}  # pin -> device with microvolts(pin)
i2c = {}  # (scl, sda) -> {address: device}
stuck = set()  # (scl, sda) of an I2C bus of which a device holds a line: nobody can speak on it
uart = {}  # rx pin -> device
onewire = {}  # pin -> [devices]
outputs = {}  # pin -> [(now_us, level)], the newest last: what a LED or a buzzer did

OUTPUTS_KEPT = 64


def set_level(pin, level):
    """A device drives a pin. An edge calls the interrupt handler, at this virtual moment."""
    before = levels.get(pin)
    levels[pin] = level
    watcher = watchers.get(pin)
    if watcher is not None and before != level:
        watcher._edge(level)
