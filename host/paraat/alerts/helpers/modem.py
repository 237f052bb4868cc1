"""The helper that speaks to the GSM modem through gammu: it sends, and reads and deletes what came in.

A call of gammu may hang for ever, on a modem whose firmware did; then this process is killed, and the next one opens the
port anew. Orders: {"do": "open", "connection", "device", "model"}, "look", "send", "forget"; see each function.
"""

import time
from typing import Any

import gammu

from paraat.alerts.helpers.aside import Answer, AsideError, serve

_MOST_AT_ONCE = 20  # messages read in one look: the rest comes with the next


class Modem:
    """One modem, opened by the first order."""

    def __init__(self) -> None:
        self._machine: Any = None

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
        machine.SetConfig(0, {"Connection": port["connection"], "Device": port["device"], "Model": port["model"]})
        machine.Init()
        asked = machine.GetSecurityStatus()
        if asked is not None:
            # Three wrong ones lock the card for good: that is for a person with the card in hand.
            raise AsideError(f"the SIM card asks for {asked}: put it into a phone and switch its PIN off")
        self._machine = machine

    def do_look(self, _order: Answer) -> Answer:
        """What came in: {"messages": [{"place", "kind", "number", "text", "reference", "status"}], "signal", "network"}."""
        messages: list[dict[str, object]] = []
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
        signal = self._machine.GetSignalQuality()
        network = self._machine.GetNetworkInfo()
        return {"messages": messages, "signal": signal["SignalPercent"], "network": network["State"]}

    def do_forget(self, order: Answer) -> Answer:
        """Delete {"places"}, which the host has dealt with."""
        for place in order["places"]:
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


def _message(part: dict[str, Any]) -> dict[str, object]:
    return {
        "place": part["Location"],
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
