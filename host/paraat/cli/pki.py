"""`paraat pki ...` and `paraat broker-config`."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.local_broker import add_broker, tell_broker
from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import EXIT_STOPPED, Run, add_passphrase_file, complain, fail, now, tell
from paraat.texts import Phrase, Words, reason

if TYPE_CHECKING:
    from paraat.provision.pki.authority import Authority
    from paraat.provision.pki.certificates import Issued

_STATES = {
    "valid": Phrase("valid"),
    "pending": Phrase("pending"),
    "revoked": Phrase("revoked"),
    "expired": Phrase("expired"),
}
_KINDS = {
    "authority": Phrase("authority"),
    "broker": Phrase("broker"),
    "host": Phrase("host"),
    "watch": Phrase("watching host"),
    "spare": Phrase("spare host"),
    "desk": Phrase("desk"),
    "board": Phrase("board"),
}
# Of a certificate that we revoked ourselves; else the reason is what a person has typed.
_REASONS = {
    "superseded": Phrase("superseded"),
    "abandoned": Phrase("abandoned"),
    "discarded": Phrase("discarded"),
}
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


def add_commands(commands: Commands) -> None:
    """Add both commands to those of `paraat`."""
    pki = commands.add_parser(
        "pki", help=Phrase("the site's certificates: init, issue, renew, replace-authority, revoke, list, crl")
    )
    actions = pki.add_subparsers(required=True, metavar="ACTION")

    init = _action(actions, "init", Phrase("make the site's authority, the broker's and the host's certificate"), _init)
    init.add_argument(
        "--broker-name", action="append", default=[], metavar="NAME",
        help=Phrase("name or address under which boards reach the broker; may be given again;"
        " broker.host and boards_host of site.toml and this machine's loopback are always in it"),
    )  # fmt: skip

    init.add_argument(
        "--instead-of", default="", metavar="WORDS",
        help=Phrase("the four words of the authority that is lost: every board must be flashed anew after this"),
    )  # fmt: skip

    issue = _action(actions, "issue", Phrase("a certificate for a board that is not written by `make flash`"), _issue)
    issue.add_argument("point", metavar="POINT")
    issue.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help=Phrase("new folder for ca.der, cert.der, key.der")
    )
    issue.add_argument(
        "--replace", action="store_true", help=Phrase("the point has a board; revoke that one's certificate")
    )

    renew = _action(
        actions, "renew", Phrase("new certificates for broker, hosts or desk, or over the broker for boards"), _renew
    )
    renew.add_argument("which", choices=("broker", "host", "watch", "spare", "desk", "boards"))
    renew.add_argument("points", nargs="*", metavar="POINT", help=Phrase("of boards; without it all that are due"))
    add_broker(renew)
    renew.add_argument(
        "--broker-name", action="append", default=[], metavar="NAME", help=Phrase("other names for the broker")
    )

    replace = _action(
        actions,
        "replace-authority",
        Phrase("one authority takes another's place while boards run, step by step"),
        _replace,
    )
    replace.add_argument("step", choices=("status", "begin", "services", "finish"))

    revoke = _action(actions, "revoke", Phrase("refuse a board from now on: stolen, lost, replaced"), _revoke)
    revoke.add_argument("which", metavar="POINT|SERIAL")
    revoke.add_argument("--reason", required=True, metavar="TEXT", help=Phrase("kept in the list, such as stolen"))
    add_broker(revoke)

    crl = _action(actions, "crl", Phrase("bring the list of revoked certificates up to date"), _crl)
    crl.add_argument(
        "--out", type=Path, metavar="FILE", help=Phrase("write a copy there, such as /etc/mosquitto/paraat/crl.pem")
    )

    listing = actions.add_parser("list", help=Phrase("every certificate: name, state, until when, board"))
    listing.add_argument("--site", type=Path, required=True, metavar="DIR")
    listing.set_defaults(run=_guarded(_list))

    broker = commands.add_parser(
        "broker-config", help=Phrase("write mosquitto.conf, access list and certificates for the CP")
    )
    broker.add_argument("--site", type=Path, required=True, metavar="DIR")
    broker.add_argument("--out", type=Path, required=True, metavar="DIR", help=Phrase("on a CP: /etc/mosquitto"))
    broker.add_argument("--address", default="", help=Phrase("listen only on this address of the machine"))
    broker.add_argument(
        "--data", type=Path, default=Path("/var/lib/mosquitto"), metavar="DIR", help=Phrase("of the broker")
    )
    broker.set_defaults(run=_guarded(_broker_config))


def _action(actions: Commands, name: str, text: str, run: Run) -> Parser:
    parser = actions.add_parser(name, help=text)
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    add_passphrase_file(parser)
    parser.set_defaults(run=_guarded(run))
    return parser


def _guarded(run: Run) -> Run:
    def guarded(args: argparse.Namespace) -> int:
        from paraat.site.inventory import PkiError

        try:
            return run(args)
        except PkiError as error:
            return fail(args, error)
        except KeyboardInterrupt:
            complain(args.language, Phrase("stopped; `.venv/bin/paraat pki list` shows what is recorded"))
            return EXIT_STOPPED

    return guarded


def _open(args: argparse.Namespace) -> "Authority":
    from paraat.provision.pki import passphrase

    return passphrase.opened(args.site, args.passphrase_file, now(), language=args.language)


def _init(args: argparse.Namespace) -> int:
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import Authority, check_new
    from paraat.site.fingerprint import words
    from paraat.site.site import load_site

    site = load_site(args.site)
    check_new(args.site, args.instead_of)
    named = (*args.broker_name, site.broker.boards_host, site.broker.host, "localhost", "127.0.0.1")
    names = tuple(dict.fromkeys(name for name in named if name))
    secret = passphrase.read(args.passphrase_file, language=args.language, new=True)
    authority = Authority.create(args.site, site.region.region, secret, names, now(), instead_of=args.instead_of)
    tell(
        args,
        Phrase(
            "{site}: made. The broker is {broker}.",
            site=args.site / "pki",
            broker=", ".join(authority.broker_names()),
        ),
    )
    tell(
        args,
        Phrase(
            "The authority's four words are {words}: doctor, flash and every label show them.",
            words=words(authority.fingerprint()),
        ),
    )
    if _LOOPBACK.issuperset(names):
        tell(
            args,
            Phrase(
                "No board reaches that. Set boards_host in {path} to the CP's address, and then:",
                path=args.site / "site.toml",
            ),
        )
        print(f"  .venv/bin/paraat pki renew broker --site {args.site} --broker-name ADDRESS --broker-name 127.0.0.1")
    tell(
        args,
        Phrase("Keep a copy of the folder and, in another place, the passphrase: without them no board can be added."),
    )
    tell(
        args,
        Phrase(
            "Next: .venv/bin/paraat broker-config --site {site} --out /etc/mosquitto, and in site.toml under [broker]:",
            site=args.site,
        ),
    )
    reached = next((name for name in names if name not in _LOOPBACK), None)
    if reached is not None:
        print(f'  boards_host = "{reached}"')
    print('  port = 8883\n  ca_file = "pki/ca.crt"\n  cert_file = "pki/host.crt"\n  key_file = "pki/host.key"')
    return 0


def _issue(args: argparse.Namespace) -> int:
    from paraat.provision.pki.authority import AuthorityError
    from paraat.site.errors import SettingsError
    from paraat.site.files import write_atomic
    from paraat.site.site import load_site

    site = load_site(args.site)
    neighbour = args.point in site.watcher.neighbours
    if args.point not in site.points and not neighbour:
        raise SettingsError(
            args.site / "points",
            args.point,
            Phrase("no point of this id"),
            Phrase("one of the site's points, or of [watcher] neighbours"),
        )
    out: Path = args.out.resolve()
    if out.is_relative_to(args.site.resolve()):
        raise AuthorityError(
            Phrase("{out} is in the site's folder, and a board's key is never kept there; name another", out=out)
        )
    authority = _open(args)
    try:
        out.mkdir(mode=0o700)
    except OSError as error:
        raise AuthorityError(
            Phrase("{out}: {why}; name a folder that is not there yet", out=out, why=reason(error))
        ) from error
    issued = None
    try:
        issued = authority.issue_board(args.point, now(), replace=args.replace)
        if neighbour:  # another host reads PEM
            shutil.copyfile(args.site / "pki" / "ca.crt", out / "ca.crt")
            write_atomic(out / f"{args.point}.crt", issued.certificate_pem(), mode=0o644)
            write_atomic(out / f"{args.point}.key", issued.key_pem(), mode=0o600)
        else:
            write_atomic(out / "ca.der", authority.believed_der(), mode=0o644)
            write_atomic(out / "cert.der", issued.certificate_der(), mode=0o644)
            write_atomic(out / "key.der", issued.key_der(), mode=0o600)
        authority.commit(issued, None, now())
    except BaseException as error:  # Ctrl-C too
        shutil.rmtree(out, ignore_errors=True)
        if issued is not None:
            _discard(authority, issued)
        if isinstance(error, OSError):
            raise AuthorityError(
                Phrase("{out}: {why}; the certificate is revoked again", out=out, why=reason(error))
            ) from error
        raise
    if neighbour:
        tell(
            args,
            Phrase(
                "{out}: bring the three files to the site's folder of that host, name them in its [watcher.broker], then "
                "delete this folder; the key is nowhere else.",
                out=out,
            ),
        )
        return 0
    tell(
        args,
        Phrase(
            "{out}: copy the three files to /tls on the board, then delete this folder; the key is nowhere else.",
            out=out,
        ),
    )
    return 0


def _discard(authority: "Authority", issued: "Issued") -> None:
    """Raises AuthorityError when it cannot be recorded that nobody may use this certificate."""
    from paraat.provision.pki.authority import AuthorityError
    from paraat.site.inventory import PkiError

    try:
        authority.discard(issued, now())
    except PkiError as error:
        raise AuthorityError(
            Phrase(
                "{error}. Certificate {serial} of {name} still counts; make room, then run `.venv/bin/paraat pki "
                "revoke {serial} --reason failed`",
                error=error,
                serial=issued.serial,
                name=issued.name,
            )
        ) from error


def _replace(args: argparse.Namespace) -> int:
    from paraat.cli.renewing import replace_authority

    return replace_authority(args, _open)


def _renew(args: argparse.Namespace) -> int:
    if args.which == "boards":
        from paraat.cli.renewing import renew_boards

        return renew_boards(args, _open(args))
    authority = _open(args)
    if args.which == "broker":
        record = authority.renew_broker(tuple(args.broker_name), now())
        follow = Phrase("run .venv/bin/paraat broker-config --site {site} again, and restart mosquitto", site=args.site)
    else:
        record = authority.renew_client(args.which, now())
        follow = _next_of(args.which, args.site)
    tell(
        args,
        Phrase(
            "{name}: valid until {day}. Next: {follow}.",
            name=record.cn,
            day=f"{record.not_after:%Y-%m-%d}",
            follow=follow,
        ),
    )
    return 0


def _next_of(which: str, site: Path) -> Phrase:
    """What follows on a new certificate for one that connects to the broker."""
    if which == "desk":
        return Phrase(
            "copy {site}/pki/desk.crt and desk.key to the site's folder where you command boards; a broker set up"
            " before there was one needs .venv/bin/paraat broker-config --site {site} again, and a restart",
            site=site,
        )
    if which == "spare":
        return Phrase(
            "bring the folder {site} to the spare machine, and set standby = true under [site] in its site.toml there; a broker"
            " set up before there was one needs .venv/bin/paraat broker-config --site {site} again, and a restart",
            site=site,
        )
    if which == "watch":
        return Phrase(
            "restart paraat serve where this is its folder, else copy watch.crt and watch.key there; a broker set up before"
            " there was one needs .venv/bin/paraat broker-config --site {site} again, and a restart",
            site=site,
        )
    return Phrase(
        "nothing more where this is the folder of the host service, which shows it at its next connection;"
        " else copy host.crt and host.key there"
    )


def _revoke(args: argparse.Namespace) -> int:
    for record in _open(args).revoke(args.which, args.reason, now()):
        tell(
            args,
            Phrase(
                "{name}: certificate {serial} is revoked ({reason}).",
                name=record.cn,
                serial=record.serial,
                reason=args.reason,
            ),
        )
    return tell_broker(args)


def _crl(args: argparse.Namespace) -> int:
    from paraat.provision.pki import revoked
    from paraat.provision.pki.authority import AuthorityError
    from paraat.site.files import write_atomic

    data = _open(args).crl()
    if args.out is not None:
        revoked.check_newer(args.site / "pki" / "crl.pem", args.out, revoked.authorities_of(args.site))
    if args.out is None:
        print(data.decode(), end="")
        return 0
    try:
        write_atomic(args.out, data, mode=0o644)
    except OSError as error:
        raise AuthorityError(
            Phrase("{out}: {why}; may this user write there (sudo)?", out=args.out, why=reason(error))
        ) from error
    tell(args, Phrase("{out}: written; reload the broker (systemctl reload mosquitto).", out=args.out))
    return 0


def _list(args: argparse.Namespace) -> int:
    from paraat.site import inventory

    at, words = now(), Words(args.language)
    widths = [max(len(words.say(word)) for word in table.values()) for table in (_KINDS, _STATES)]
    for record in inventory.load(args.site).certificates:
        expired = record.state == "valid" and record.not_after < at
        state = words.say(_STATES["expired" if expired else record.state])
        given = record.reason or ""
        why = f" {record.revoked_at:%Y-%m-%d} {words.say(_REASONS.get(given, given))}" if record.revoked_at else ""
        board = f" {record.board.type} {record.board.mac} {record.board.serial}" if record.board else ""
        anyway = f" ANYWAY=1: {record.anyway}" if record.anyway else ""
        until = words.say(Phrase("until {day}", day=f"{record.not_after:%Y-%m-%d}"))
        kind = words.say(_KINDS[record.kind])
        print(f"{record.cn:<31} {kind:<{widths[0]}} {state:<{widths[1]}} {until} {record.serial}{board}{why}{anyway}")
    return 0


def _broker_config(args: argparse.Namespace) -> int:
    from paraat.provision.pki import broker_config
    from paraat.site.site import load_site

    files = broker_config.write(load_site(args.site), args.out, address=args.address, data=args.data)
    for path in files:
        print(path)
    tell(args, Phrase("Now restart the broker (systemctl restart mosquitto)."))
    return 0
