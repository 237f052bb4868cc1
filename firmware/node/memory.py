"""Shapes the two heaps of a chip without PSRAM, once, before anything else is loaded.

# Ref: MicroPython v1.24 to v1.27, py/gc.c (gc_try_add_heap) and ports/esp32/main.c (gc_get_max_new_split).

Python begins with 56 KB. When it has no room it takes as much again, at most the largest free piece, out of the heap in
which the ESP-IDF keeps Wi-Fi, TLS, sockets and UARTs, and gives a piece back only when nothing at all lies in it. Left
alone it takes all, and then no connection comes about, or the Wi-Fi task aborts. So Python gets here, at once, what those
can spare, and has no reason to ask again.
"""

import gc

from micropython import const

# What the ESP-IDF needs at the most at once, and what is to be free beside it. By docs/budget.md those are 89 and 20 KB;
# with that much kept, Python has too little even to begin, and so boards without PSRAM are not offered (ADR 0016).
_KEPT_BYTES = const(102400)
_LEAST_BYTES = const(8192)  # less than that is not worth a piece of its own
_STEP_BYTES = const(2048)
_PSRAM_BYTES = const(1048576)  # a heap with so much free lies in PSRAM, and takes nothing of the other


def shape():
    """Give Python its share. Returns what keeps it, until something else lies in it; None where nothing is shared."""
    try:
        import esp32
        from machine import UART
    except ImportError:  # the unix port
        return None
    gc.collect()
    if gc.mem_free() > _PSRAM_BYTES:
        return None
    free, largest = idf(esp32)
    share = min(free - _KEPT_BYTES, largest)
    if share < _LEAST_BYTES:
        return None
    # The buffers of a UART are pieces of that heap that can be given back: they leave Python only its share to take.
    # Each has at most 65,535 bytes.
    half = (largest - share) // 2
    uart = UART(2, rxbuf=half, txbuf=half)
    try:
        return _grow(esp32)
    finally:
        uart.deinit()


def idf(esp32):
    """(bytes free, largest free piece) of the heap of the ESP-IDF."""
    regions = esp32.idf_heap_info(esp32.HEAP_DATA)
    return sum([region[1] for region in regions]), max([region[2] for region in regions])


def _python_bytes(esp32):
    """What Python has in all. mem_free() counts what it could still take."""
    return gc.mem_alloc() + gc.mem_free() - idf(esp32)[1]


def _grow(esp32):
    """Use Python's heap up until it has taken its next piece. Returns something that lies in that."""
    before = _python_bytes(esp32)
    held = []
    while _python_bytes(esp32) < before + _LEAST_BYTES // 2:
        held.append(bytearray(_STEP_BYTES))
    return held[-1]
