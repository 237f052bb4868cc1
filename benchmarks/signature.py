"""How long a board's signature check takes: `.venv/bin/python benchmarks/signature.py`.

Runs node/signature.py under MicroPython's unix port on this machine, and counts what it does. Each of its 17 steps
multiplies one number of 192 digits (16 bits each on a 32-bit chip, MicroPython's py/mpz.c) by another, 192 * 192 inner
steps, and divides by the key, 193 * 192 inner steps. The time on a chip is NOT measured: what is printed for it is an
estimate from that count, at 8 to 25 cycles an inner step and 240 MHz.
"""

import json
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric import rsa

from paraat.simulate import boards
from paraat.site import paths

STEPS = 17
_INNER_STEPS = STEPS * (192 * 192 + 193 * 192)
_CYCLES = (8, 25)
_CLOCK_HZ = 240_000_000
_CHECK = """
import asyncio, sys, utime
sys.path[:0] = [%r, %r]
from node import signature
modulus, sign = bytes.fromhex(%r), bytes.fromhex(%r)
times = []
worst_us = 0
class Steps:
    @staticmethod
    async def sleep_ms(ms):
        global worst_us, began_us
        worst_us = max(worst_us, utime.ticks_diff(utime.ticks_us(), began_us))
        began_us = utime.ticks_us()
signature.asyncio = Steps
for i in range(21):
    start_us = began_us = utime.ticks_us()
    assert not asyncio.run(signature.is_good(bytes(32), sign, modulus))
    times.append(utime.ticks_diff(utime.ticks_us(), start_us))
times.sort()
print('{"us": %%d, "longest_step_us": %%d}' %% (times[10], worst_us))
"""


def main() -> int:
    """Measure and print. Returns 1 where MicroPython does not run."""
    program = boards.micropython()
    if program is None:
        print("MicroPython's unix port has no wheel for this machine")
        return 1
    n = rsa.generate_private_key(public_exponent=65537, key_size=3072).public_key().public_numbers().n
    code = _CHECK % (str(paths.firmware_dir()), str(paths.wire_dir()), f"{n:0768x}", f"{n * 2 // 3:0768x}")
    run = subprocess.run([str(program), *boards.heap_option(), "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    low, high = (1000 * _INNER_STEPS * cycles / _CLOCK_HZ for cycles in _CYCLES)
    print(json.dumps({
        "check_here_ms": found["us"] / 1000,
        "longest_step_here_ms": found["longest_step_us"] / 1000,
        "inner_steps_on_a_32_bit_chip": _INNER_STEPS,
        "estimate_esp32_240_mhz_ms": [round(low), round(high)],
        "estimate_longest_step_ms": [round(low / STEPS, 1), round(high / STEPS, 1)],
        "measured_on_a_chip": False,
    }, indent=2))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
