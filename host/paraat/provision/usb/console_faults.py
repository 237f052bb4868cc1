"""What a board's console says about trouble below our firmware: the chip's own messages, and what they mean.

Ref: ESP-IDF Programming Guide, "Fatal Errors"; esptool documentation, "Boot Mode Message", "Troubleshooting".
"""

# What the chip prints -> its name in texts/ ("console.<name>").
_SIGNS = {
    "Brownout detector was triggered": "brownout",
    "invalid header: 0x": "empty",
    "flash read err": "empty",
    "No bootable app partitions": "empty",
    "waiting for download": "download",
    "Guru Meditation Error": "crash",
    "Task watchdog got triggered": "watchdog",
    "RTCWDT_RTC_RESET": "watchdog",
    "MemoryError": "memory",
    "not enough memory on the chip": "memory",
}


def find(text: str) -> list[str]:
    """The faults that a piece of console shows, each once, in the order of the table."""
    found = [name for sign, name in _SIGNS.items() if sign in text]
    if "empty" in found and "watchdog" in found:  # a chip without a program is restarted by its watchdog
        found.remove("watchdog")
    return list(dict.fromkeys(found))
