"""A GSM modem on a pseudo-terminal, at the bus: it speaks AT commands as a USB modem does, keeps what is sent, and can hang.

Ref: 3GPP TS 27.005 (SMS by AT commands, PDU mode) and 27.007
"""

import os
import pty
import re
import select
import threading
import tty

import gammu

_PLAIN = {
    "AT": "", "ATE0": "", "ATE1": "", "ATZ": "", "AT+CMEE=1": "", "AT+CMEE=2": "", "AT+CMGF=0": "", "AT+CMMS=2": "",
    "AT+CGMI": "Paraat", "AT+CGMM": "Testmodem", "AT+CGMR": "1.0", "AT+CGSN": "490154203237518",
    "AT+CPIN?": "+CPIN: READY", "AT+CSQ": "+CSQ: 20,0", "AT+CREG=2": "", "AT+CREG?": '+CREG: 2,1,"00C3","0001"', "AT+CFUN=1": "",
    "AT+CSCA?": '+CSCA: "+31653131313",145', "AT+CSCS?": '+CSCS: "GSM"', "AT+CSCS=?": '+CSCS: ("GSM","UCS2")', "AT+CSMS=0": "+CSMS: 1,1,1",
    "AT+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")', "AT+CNMI=?": "+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", "AT+COPS?": '+COPS: 0,0,"Proef"',
}  # fmt: skip


class GsmModem:
    """sent: (number, text, whether a delivery report was asked for)."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self.sent: list[tuple[str, str, bool]] = []
        self.asked: list[str] = []
        self.hangs = False
        self._reports = ""  # until it is asked for them: the network's are lost
        self._lying: dict[int, str] = {}  # place: PDU, with the address of the service centre before it
        self._reference = 0
        self._end, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        os.write(self._wake, b"x")
        self._thread.join()
        for handle in (self._master, self._slave, self._end, self._wake):
            os.close(handle)

    @property
    def lying(self) -> int:
        """How many messages lie on its card."""
        return len(self._lying)

    def receive(self, number: str, text: str) -> None:
        """An SMS comes in (SMS-DELIVER; 3GPP TS 23.040, 9.2.2.1). text: letters and digits."""
        self._put(f"0004{_address(number)}0000{_MOMENT}{len(text):02X}{_packed(text)}")

    def report(self, number: str, reference: int, *, arrived: bool | None = True) -> None:
        """The network says what became of a message (SMS-STATUS-REPORT; 3GPP TS 23.040, 9.2.2.3). None: it tries on, the phone is off."""
        status = {True: 0, None: 0x30, False: 0x46}[arrived]
        self._deliver_report(f"0006{reference:02X}{_address(number)}{_MOMENT}{_MOMENT}{status:02X}")

    def _deliver_report(self, pdu: str) -> None:
        if self._reports == "pushed":
            self._say(f"+CDS: {len(pdu) // 2 - 1}\r\n{pdu}")
        elif self._reports == "stored":
            self._put(pdu)

    def _put(self, pdu: str) -> None:
        self._lying[max(self._lying, default=0) + 1] = pdu

    def _serve(self) -> None:
        typed = b""
        while True:
            ready, _, _ = select.select([self._master, self._end], [], [])
            if self._end in ready:
                return
            typed += os.read(self._master, 4096)
            while (match := re.match(rb"[\s\x1b]*([^\r\x1a]*)([\r\x1a])", typed)) is not None:
                typed = typed[match.end() :]
                if match[1] and not self.hangs:
                    self._take(match[1].decode("ascii"))

    def _take(self, command: str) -> None:
        self.asked.append(command)
        os.write(self._master, command.encode() + b"\r")  # gammu switches the echo on
        if re.fullmatch(r"[0-9A-F]+", command):
            self._submitted(bytes.fromhex(command))
        elif command.startswith("AT+CMGS="):
            self._say("> ", end="")
        elif command in _PLAIN:
            self._say(*filter(None, [_PLAIN[command]]), "OK")
        elif command.startswith("AT+CPMS"):
            each = f"{len(self._lying)},50" if "=" in command else f'"SM",{len(self._lying)},50'
            self._say(f"+CPMS: {each},{each},{each}", "OK")
        elif command.startswith("AT+CMGL"):
            rows = [f"+CMGL: {place},1,,{len(pdu) // 2 - 1}\r\n{pdu}" for place, pdu in self._lying.items()]
            self._say(*rows, "OK")
        elif match := re.fullmatch(r"AT\+CMGR=(\d+)", command):
            pdu = self._lying.get(int(match[1]))
            self._say(*([f"+CMGR: 1,,{len(pdu) // 2 - 1}\r\n{pdu}", "OK"] if pdu else ["+CMS ERROR: 321"]))
        elif match := re.fullmatch(r"AT\+CMGD=(\d+)", command):
            self._lying.pop(int(match[1]), None)
            self._say("OK")
        elif match := re.fullmatch(r"AT\+CNMI=\d,\d,\d,(\d),\d", command):
            self._reports = {"1": "pushed", "2": "stored"}.get(match[1], "")
            self._say("OK")
        elif re.match(r"AT\+(CSCS|CSCA)=", command):
            self._say("OK")
        else:
            self._say("ERROR")

    def _submitted(self, pdu: bytes) -> None:
        sms = gammu.DecodePDU(pdu, True)
        first = pdu[1 + pdu[0]]
        self.sent.append((sms["Number"], sms["Text"], bool(first & 0x20)))
        self._reference = self._reference % 255 + 1
        self._say(f"+CMGS: {self._reference}", "OK")

    def _say(self, *lines: str, end: str = "\r\n") -> None:
        os.write(self._master, "".join(f"\r\n{line}{end}" for line in lines).encode())


_MOMENT = "62118221000000"  # 28 November 2026, 12:00


def _address(number: str) -> str:
    digits = number.lstrip("+")
    padded = digits + "F" * (len(digits) % 2)
    return f"{len(digits):02X}91" + "".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2))


def _packed(text: str) -> str:
    """Seven bits a character, the first ones lowest (3GPP TS 23.038, 6.1.2.1)."""
    bits = sum(ord(character) << 7 * i for i, character in enumerate(text))
    return bits.to_bytes((7 * len(text) + 7) // 8, "little").hex().upper()
