"""The helper of a host that is killed: it writes each message down, as a mail server would take it; and may end its host meanwhile.

Orders: {"path", "line", "kill": "before" or "after" it is written, or ""}.
"""

import os
import signal

from paraat.alerts.helpers.aside import Answer, serve


def take(order: Answer) -> Answer:
    """Write one line down."""
    if order["kill"] == "before":
        os.kill(os.getppid(), signal.SIGKILL)
    file = os.open(order["path"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{order['line']}\n".encode())
    os.close(file)
    if order["kill"] == "after":
        os.kill(os.getppid(), signal.SIGKILL)
    return {}


if __name__ == "__main__":
    serve(take)
