"""Tables and texts at module level: what the emulated chip kept of it stands in test_mpy_memory.py."""

ROWS = (
    ("intake", "flow meter", 0.25, 1800, "litres that came in since the counter was reset"),
    ("return", "flow meter", 0.75, 900, "litres that went back, never more than came in"),
    ("bypass", "float switch", -1.5, 12, "whether the bypass is open"),
)
BY_KIND = {"meter": 1, "switch": 2, "valve": 4, "gate": 8, "lamp": 16, "horn": 32}
SEEN = [0, 0, 0, 0, 0, 0]
LARGE = 123456789012345678901234567890
MARK = b"\x00\x01\x02\x03 a mark that is longer than a block"


def describe(row):
    """The row in words."""
    name, kind, factor, pulses, meaning = row
    return "%s is a %s with %d pulses and a factor of %.2f: %s" % (name, kind, pulses, factor, meaning)
