"""The helper that speaks to the GSM modem through gammu: it sends, and reads and deletes what came in.

A call of gammu may hang for ever, on a modem whose firmware did; then this process is killed, and the next one opens the
port anew. Orders: {"do": "open", "connection", "device", "model"}, "look", "send", "forget"; see each function.
"""

import contextlib
import tempfile
import time
from typing import Any

import gammu

from paraat.alerts.helpers.aside import Answer, AsideError, serve

_MOST_AT_ONCE = 20  # messages read in one look: the rest comes with the next


class Modem:
    """One modem, opened by the first order."""

    def __init__(self) -> None:
        self._machine: Any = None
        self._pushed: list[dict[str, Any]] = []  # delivery reports that came by themselves

    def __call__(self, order: Answer) -> Answer:
        """Carry out one order. Raises AsideError with gammu's words, which hold no number and no text."""
        try:
            if self._machine is None:
                self._open(order["port"])
            return getattr(self, f"do_{order['do']}")(order)  # type: ignore[no-any-return]
        except gammu.GSMError as error:
            raise AsideError(_words(error)) from error

    def _open(self, port: dict[str, str]) -> None:
        machine = gammu.StateMachine()
        _configure(machine, port)
        machine.Init()
        asked = machine.GetSecurityStatus()
        if asked is not None:
            # Three wrong ones lock the card for good: that is for a person with the card in hand.
            raise AsideError(f"the SIM card asks for {asked}: put it into a phone and switch its PIN off")
        machine.SetIncomingCallback(self._incoming)
        with contextlib.suppress(
            gammu.GSMError
        ):  # not every modem can; its reports then lie among the messages, or are lost
            machine.SetIncomingSMS(True)
        self._machine = machine

    def _incoming(self, _machine: object, kind: str, data: dict[str, Any]) -> None:
        """gammu calls it while it reads from the modem. A message is found by the next look; a report may come only so."""
        if kind == "SMS" and data.get("Type") == "Status_Report":
            self._pushed.append(data)

    def do_look(self, _order: Answer) -> Answer:
        """What came in: {"messages": [{"place", "kind", "number", "text", "reference", "status"}], "signal"} in %, -1: not known."""
        for _ in range(_MOST_AT_ONCE):
            if not self._machine.ReadDevice():
                break
        messages = [_message(report, place=0) for report in self._pushed]
        self._pushed.clear()
        place = None
        while len(messages) < _MOST_AT_ONCE:
            try:
                found = self._machine.GetNextSMS(
                    Folder=0, **({"Start": True} if place is None else {"Location": place})
                )
            except gammu.ERR_EMPTY:
                break
            place = found[0]["Location"]
            messages += [_message(part) for part in found if part["InboxFolder"]]
        try:
            signal = self._machine.GetSignalQuality()["SignalPercent"]
        except (gammu.ERR_NOTSUPPORTED, gammu.ERR_NOTIMPLEMENTED, gammu.ERR_UNKNOWN):
            signal = -1  # not every modem says it
        return {"messages": messages, "signal": signal}

    def do_forget(self, order: Answer) -> Answer:
        """Delete {"places"}, which the host has dealt with."""
        for place in filter(None, order["places"]):  # 0: it lies nowhere
            try:
                self._machine.DeleteSMS(0, place)
            except gammu.ERR_EMPTY:
                continue
        return {}

    def do_send(self, order: Answer) -> Answer:
        """Send {"number", "text"}, one message of GSM-7. Answers its reference, by which a delivery report names it."""
        sms = {
            "Text": order["text"],
            "SMSC": {"Location": 1},
            "Number": order["number"],
            "Coding": "Default_No_Compression",
            "Type": "Status_Report",  # asks the network to say when it was delivered
        }
        return {"reference": self._machine.SendSMS(sms), "at": time.time()}


def _configure(machine: Any, port: dict[str, str]) -> None:
    """By a file: what gammu is given otherwise leaves no way to have delivery reports (AT+CNMI, 3GPP TS 27.005, 3.4.1)."""
    lines = [f"{key} = {port[key]}" for key in ("connection", "device", "model") if port[key]]
    with tempfile.NamedTemporaryFile("w", suffix=".gammurc", encoding="utf-8") as file:
        # Messages are stored and lie there until we look; reports are handed over as they come.
        file.write("\n".join(["[gammu]", *lines, "atgen_setcnmi = 2,1,0,1,0", ""]))
        file.flush()
        machine.ReadConfig(0, 0, file.name)


def _message(part: dict[str, Any], place: int | None = None) -> dict[str, object]:
    return {
        "place": part["Location"] if place is None else place,
        "kind": "report" if part["Type"] == "Status_Report" else "message",
        "number": part["Number"],
        "text": part["Text"],
        "reference": part["MessageReference"],
        "status": part["DeliveryStatus"],
    }


def _words(error: "gammu.GSMError") -> str:
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return f"gammu: {told.get('Text', type(error).__name__)} ({told.get('Where', '?')})"


if __name__ == "__main__":
    serve(Modem())
