"""The board's socket module: the port's own, except that looking a name up is refused.

On the ESP32 getaddrinfo() of a name holds up the whole board for up to 20 s; the firmware must not use it. The ports of
a name server and a time server, which only root may open, are moved by the scenario: {"ports": {"53": 5353}}.
"""

import kernel
import usocket
from usocket import *  # everything else is the port's own


def getaddrinfo(host, port, *args):
    if not host.replace(".", "").isdigit():
        raise OSError("getaddrinfo() of the name %s would hold up the board" % host)
    return usocket.getaddrinfo(host, kernel.scenario.get("ports", {}).get(str(port), port), *args)
