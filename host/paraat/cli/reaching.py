"""What `paraat check` says of who is told: of each point by which rung, and whether there is anybody."""

import argparse
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from paraat.cli.shared import fail, tell
from paraat.site.site import Site
from paraat.texts import Phrase, Words
from paraat.texts.printable import printable

if TYPE_CHECKING:
    from paraat.alerts.channels import Channel
    from paraat.alerts.reach import Reach

_TRY_S = 3.0  # a server that takes no connection for so long is away
_NAMED = 4  # points by name in one line; the others are counted


def say_reach(args: argparse.Namespace, site: Site) -> int:
    """Say who is told of which points. Returns the exit code: not 0 where somebody should be told, and nobody is."""
    from paraat.alerts.channels import make_channels
    from paraat.alerts.reach import reach

    say_lost_key(args, site)
    channels = _that_exist(args, site, make_channels(site))
    alike: dict[tuple[str, float | None], list[str]] = {}
    unheard: list[str] = []
    for point, found in reach(site, channels, time.time()).items():
        if not found.is_anybody:
            unheard.append(point)
        alike.setdefault((_told(found, channels, args.language), found.nobody_at), []).append(point)
    for (told, nobody_at), points in alike.items():
        tell(args, Phrase("{points}: {told}", points=_several(points), told=printable(told)))
        if nobody_at is not None and not set(points) <= set(unheard):
            _say_gap(args, site, points, nobody_at)
    if not unheard:
        return 0
    return fail(
        args,
        Phrase(
            "{site}: of {points} nobody is told by any message. Write who is to be told into roster.toml, and a way to "
            "reach them into site.toml, [channels.<name>] (docs/alerts.md)",
            site=site.directory,
            points=_several(unheard),
        ),
    )


def _that_exist(args: argparse.Namespace, site: Site, channels: "Mapping[str, Channel]") -> "dict[str, Channel]":
    """Without those whose server the network does not know; that is said. What does not answer now is said too."""
    from paraat.alerts.channels.outside import OutsideChannel

    outside = {name: one for name, one in channels.items() if isinstance(one, OutsideChannel)}
    with ThreadPoolExecutor(max(1, len(outside))) as pool:  # each may take its limit, all at once
        away = dict(zip(outside, pool.map(lambda one: one.unreachable(_TRY_S), outside.values()), strict=True))
    there = dict(channels)
    for name, channel in outside.items():
        if server := channel.unknown_server():
            tell(
                args,
                Phrase(
                    "{site}: [channels.{name}] reaches nobody: there is no {server} on the network. Is the name right?",
                    site=site.directory,
                    name=name,
                    server=server,
                ),
            )
            del there[name]
        elif where := away[name]:
            tell(
                args,
                Phrase(
                    "{site}: [channels.{name}]: {where} takes no connection now. Is the server on, and reached from here?",
                    site=site.directory,
                    name=name,
                    where=where,
                ),
            )
    say_mailboxes(args, site)
    modem = site.channels.sms
    if modem is not None and not Path(modem.device).exists():
        tell(
            args,
            Phrase(
                "{site}: [channels.sms]: there is no {device} now. Is the modem plugged in? ls /dev/serial/by-id/ says its name",
                site=site.directory,
                device=modem.device,
            ),
        )
    return there


def say_mailboxes(args: argparse.Namespace, site: Site) -> None:
    """Say it of each mailbox for mails that come back that cannot be looked into now."""
    from paraat.alerts.helpers.aside import AsideError
    from paraat.alerts.mailbox_watch import MailboxWatch

    for mailbox in MailboxWatch.from_site(site, lambda *_: ""):
        try:
            mailbox.ask(time.time())
        except AsideError as error:
            tell(
                args,
                Phrase(
                    "{site}: [channels.{name}.mailbox]: {why}. Is the server on, and are name, password and folder right?",
                    site=site.directory,
                    name=mailbox.channel,
                    why=error.args[0],
                ),
            )
        finally:
            mailbox.close()


def say_lost_key(args: argparse.Namespace, site: Site) -> None:
    """Say it when messages went out whose links and codes no longer count, because the key is gone."""
    from paraat.site.private import OWN_KEY

    key = site.directory / OWN_KEY
    if site.path(site.region.journal).exists() and not key.exists():
        tell(
            args,
            Phrase(
                "{key}: is gone. Put it back from the backup; else a new one is made, and links, codes and sheets of before no "
                "longer count",
                key=key,
            ),
        )


def _told(found: "Reach", channels: "Mapping[str, Channel]", language: str) -> str:
    words = Words(language, "screen")
    rungs = [words("test.rung.board")] if "siren" in channels else []
    rungs.append(words("test.rung.screen"))
    for rung, people in found.rungs.items():
        who = ", ".join(
            f"{one.person.name} ({', '.join(one.channels)})"
            if one.channels
            else words("reach.not", name=one.person.name, reach=", ".join(one.person.reach))
            for one in people
        )
        rungs.append(f"{words(f'test.rung.{rung}')}: {who}")
    return "; ".join(rungs)


def _say_gap(args: argparse.Namespace, site: Site, points: Sequence[str], t: float) -> None:
    from paraat.texts.localtime import local

    at = local(t, ZoneInfo(site.region.timezone))
    tell(
        args,
        Phrase(
            "{site}: nobody who is reached is on duty for {points} on {day}; look at the days and hours in roster.toml",
            site=site.directory,
            points=_several(points),
            day=Words(args.language).moment(at, "day and clock"),
        ),
    )


def _several(points: Sequence[str]) -> str:
    if len(points) <= _NAMED:
        return ", ".join(points)
    return Phrase("{points} and {n} more", points=", ".join(points[:_NAMED]), n=len(points) - _NAMED)
