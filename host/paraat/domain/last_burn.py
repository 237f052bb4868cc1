"""What a generator burnt in its last run, beyond the samples that told it; and what a run with the grid there tells. Pure.

An exercise with the grid there is not the load of an outage: where it burnt less than the tank record says, the record counts.
Where it burnt more, the record is too low, and that must not be forgotten with the samples, a day later.
"""

from typing import NamedTuple

from msgspec.structs import replace

from paraat.domain.autonomy import Burn, Reading


class LastBurn(NamedTuple):
    """As parts of what the tank record says (where the load is measured: of what its curve says at that load)."""

    low: float
    likely: float
    high: float
    most: float  # what it hardly exceeds


def last_burn(reading: Reading, record_l_per_h: float) -> LastBurn | None:
    """What the level told of the burn rate; None where it told nothing that stands out."""
    if reading.since is None:
        return None
    burn, unit = reading.burn, _said(reading, record_l_per_h)
    return LastBurn(*(round(one / unit, 4) for one in (burn.low, burn.likely, burn.high, max(burn.most, burn.high))))


def heed(reading: Reading, last: LastBurn | None, record_l_per_h: float, *, exercise: bool) -> Reading:
    """The reading with the burn rate to count on.

    last: what was kept of the last run that told one; it counts where the level tells nothing now and it is more than the
    record says. exercise: the grid was there while the generator ran last.
    """
    burn = reading.burn
    if reading.since is None and last is not None and last.likely > 1:
        unit = _said(reading, record_l_per_h)
        burn = Burn(
            last.low * unit,
            last.likely * unit,
            max(last.high * unit, burn.high),
            "slope" if reading.scale is None else "load",
            max(last.most * unit, burn.most),
        )
    if exercise and burn.likely < record_l_per_h:
        record = Burn.recorded(record_l_per_h, "record")
        burn = replace(record, high=max(record.high, burn.high), most=burn.most)
    return reading if burn is reading.burn else replace(reading, burn=burn)


def _said(reading: Reading, record_l_per_h: float) -> float:
    """Litres an hour that the record says, at the load of now where that is measured."""
    return record_l_per_h * (reading.scale or 1.0)
