"""The thread of the GSM modem: it looks for what came in, takes answers, keeps delivery reports, and tests the modem by itself.

A modem that hangs is found by a look, within its limit. One that answers and sends nothing (no credit, a card that was blocked)
is found by a test: an SMS to its own number, which must come back.
"""

import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from paraat.alerts.by_sms import BySms
from paraat.alerts.channels import ChannelError
from paraat.alerts.channels.sms import Report, SmsChannel, Text
from paraat.domain.facts import HOST, Author, Fact, ModemTested
from paraat.domain.tries import Tries
from paraat.texts import Phrase, Words

_log = logging.getLogger(__name__)

_TRY_AGAIN_S = 1800.0  # after a test that did not come back
_ANSWERS_MOST, _ANSWERS_WITHIN_S = 5, 3600.0  # to one number: two machines may answer each other for ever


class Records(Protocol):
    """What of the journal is needed here."""

    def note_answer(self, message: str, answer: str) -> None:
        """Keep what came back of a message that was sent."""
        ...

    def record(self, told: ModemTested, author: Author, *, t: float, now: float) -> Fact:
        """Keep that the modem was tested."""
        ...


class ModemWatch:
    """came_back: (key of a message, why, now), of one that did not arrive, as Returned has it. count: called with what became of each answer. tested_at: when the modem was tested last, unix seconds; None: never."""

    def __init__(
        self,
        channel: SmsChannel,
        answers: BySms,
        journal: Records,
        *,
        came_back: Callable[[str, str, float], str],
        language: str,
        count: Callable[[str], None],
        tested_at: float | None,
    ) -> None:
        self._channel = channel
        self._answers = answers
        self._journal = journal
        self._came_back = came_back
        self._words = Words(language, "sms")
        self._count = count
        self._settings = channel.settings
        self._due_at = 0.0 if tested_at is None else tested_at + self._settings.test_every_h * 3600
        self._test: tuple[str, float] | None = None  # what must come back, and since when it is on its way
        self._lost = ""
        self.failing_since: float | None = None  # unix seconds; None: all is well with it
        self._spoken = Tries(_ANSWERS_MOST, _ANSWERS_WITHIN_S)

    @property
    def problem(self) -> str:
        """What is wrong with the modem, and what to do; "" when nothing is known to be."""
        return self._channel.problem or self._lost

    def look(self, now: float) -> None:
        """Deal with what came in, and test the modem when that is due. Raises JournalError: it is all to be done again."""
        try:
            found = self._channel.look()
            for report in found.reports:
                self._report(report, now)
            for text in found.texts:
                self._take(text, now)
            if places := [*(one.place for one in found.reports), *(one.place for one in found.texts)]:
                self._channel.forget(places)
            self._test_itself(now)
        except ChannelError as error:
            _log.debug("%s", error)  # the channel's problem says it, where people look
        if not self.problem:
            self.failing_since = None
        elif self.failing_since is None:
            self.failing_since = now

    def _report(self, report: Report, now: float) -> None:
        if not report.key or report.arrived is None:
            return
        if report.arrived:
            self._journal.note_answer(report.key, self._words.say(Phrase("arrived at the phone")))
        else:
            self._came_back(report.key, Phrase("the network could not bring it to the phone"), now)

    def _take(self, text: Text, now: float) -> None:
        if self._test is not None and self._test[0] in text.text:
            self._keep(now, max(0.0, now - self._test[1]))
            return
        if text.number == self._settings.own_number:  # an older test, late
            return
        heard = self._answers.heard(text.number, text.text, now)
        self._count(heard.outcome)
        if heard.answer and self._spoken.until(text.number, now) is None:
            self._spoken.wrong(text.number, now)
            self._channel.say(text.number, heard.answer)

    def _test_itself(self, now: float) -> None:
        own = self._settings.own_number
        if own is None:
            return
        if self._test is None:
            if now >= self._due_at or self._due_at > now + self._settings.test_every_h * 3600:  # the clock was set back
                mark = secrets.token_hex(3).upper()
                self._channel.say(own, self._words("test", mark=mark))
                self._test = (mark, now)
        elif not 0 <= now - self._test[1] <= self._settings.test_within_s:
            self._keep(now, None)

    def _keep(self, now: float, after_s: float | None) -> None:
        self._journal.record(ModemTested(after_s=after_s), HOST, t=now, now=now)
        self._test = None
        if after_s is not None:
            self._due_at = now + self._settings.test_every_h * 3600
            self._lost = ""
            return
        self._due_at = now + _TRY_AGAIN_S
        self._lost = Phrase(
            "the modem at {device} sends, but nothing comes back. Has the SIM card credit, and is {number} its number?",
            device=self._settings.device,
            number=str(self._settings.own_number),
        )
