"""`paraat serve` with a clock that the runner turns: seconds that it is off by, in a file. It believes that nothing keeps it right."""

import sys
import threading
import time
from pathlib import Path

import paraat.runtime.clock
import paraat.service
from paraat.cli.main import main

OFF = Path(sys.argv[1]) / "clock-is-off-by"


class TurnedClock:
    """The machine's clock, off by what the file says."""

    def now(self) -> float:
        try:
            return time.time() + float(OFF.read_text())
        except (OSError, ValueError):  # not there yet, or being written
            return time.time()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


paraat.runtime.clock.SystemClock = TurnedClock  # type: ignore[assignment,misc]
paraat.service.clock_synchronised = lambda: False
sys.exit(main(["serve", "--site", sys.argv[1]]))
