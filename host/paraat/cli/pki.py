"""`paraat pki ...` and `paraat broker-config`."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.shared import EXIT_STOPPED, Run, add_passphrase_file, fail, now

if TYPE_CHECKING:
    from paraat.provision.pki.authority import Authority
    from paraat.provision.pki.pki import Issued

_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to those of `paraat`."""
    pki = commands.add_parser("pki", help="the site's certificates: init, issue, renew, revoke, list, crl")
    actions = pki.add_subparsers(required=True, metavar="ACTION")

    init = _action(actions, "init", "make the site's authority, the broker's and the host's certificate", _init)
    init.add_argument(
        "--broker-name", action="append", default=[], metavar="NAME",
        help="name or address under which boards reach the broker; may be given again;"
        " broker.host and boards_host of site.toml and this machine's loopback are always in it",
    )  # fmt: skip

    issue = _action(actions, "issue", "a certificate for a board that is not written by `make flash`", _issue)
    issue.add_argument("point", metavar="POINT")
    issue.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="new folder for ca.der, cert.der, key.der"
    )
    issue.add_argument("--replace", action="store_true", help="the point has a board; revoke that one's certificate")

    renew = _action(actions, "renew", "a new certificate for broker, host or desk (a board: `make flash`)", _renew)
    renew.add_argument("which", choices=("broker", "host", "desk"))
    renew.add_argument("--broker-name", action="append", default=[], metavar="NAME", help="other names for the broker")

    revoke = _action(actions, "revoke", "refuse a board from now on: stolen, lost, replaced", _revoke)
    revoke.add_argument("which", metavar="POINT|SERIAL")
    revoke.add_argument("--reason", required=True, metavar="TEXT", help="kept in the list, such as stolen")

    crl = _action(actions, "crl", "bring the list of revoked certificates up to date", _crl)
    crl.add_argument(
        "--out", type=Path, metavar="FILE", help="write a copy there, such as /etc/mosquitto/paraat/crl.pem"
    )

    listing = actions.add_parser("list", help="every certificate: name, state, until when, board")
    listing.add_argument("--site", type=Path, required=True, metavar="DIR")
    listing.set_defaults(run=_guarded(_list))

    broker = commands.add_parser("broker-config", help="write mosquitto.conf, access list and certificates for the CP")
    broker.add_argument("--site", type=Path, required=True, metavar="DIR")
    broker.add_argument("--out", type=Path, required=True, metavar="DIR", help="on a CP: /etc/mosquitto")
    broker.add_argument("--address", default="", help="listen only on this address of the machine")
    broker.add_argument("--data", type=Path, default=Path("/var/lib/mosquitto"), metavar="DIR", help="of the broker")
    broker.set_defaults(run=_guarded(_broker_config))


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: Run
) -> argparse.ArgumentParser:
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
            return fail(str(error))
        except KeyboardInterrupt:
            print("paraat: stopped; `paraat pki list` shows what is recorded", file=sys.stderr)
            return EXIT_STOPPED

    return guarded


def _open(args: argparse.Namespace) -> "Authority":
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import Authority

    return Authority.open(args.site, passphrase.read(args.passphrase_file), now())


def _init(args: argparse.Namespace) -> int:
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import Authority
    from paraat.site.site import load_site

    site = load_site(args.site)
    named = (*args.broker_name, site.broker.boards_host, site.broker.host, "localhost", "127.0.0.1")
    names = tuple(dict.fromkeys(name for name in named if name))
    secret = passphrase.read(args.passphrase_file, new=True)
    authority = Authority.create(args.site, site.region.region, secret, names, now())
    print(f"{args.site / 'pki'}: made. The broker is {', '.join(authority.broker_names())}.")
    if _LOOPBACK.issuperset(names):
        print(f"No board reaches that. Set boards_host in {args.site / 'site.toml'} to the CP's address, and then:")
        print(f"  paraat pki renew broker --site {args.site} --broker-name ADDRESS --broker-name 127.0.0.1")
    print("Keep a copy of the folder and, in another place, the passphrase: without them no board can be added.")
    print(f"Next: paraat broker-config --site {args.site} --out /etc/mosquitto, and in site.toml under [broker]:")
    print('  port = 8883\n  ca_file = "pki/ca.crt"\n  cert_file = "pki/host.crt"\n  key_file = "pki/host.key"')
    return 0


def _issue(args: argparse.Namespace) -> int:
    from paraat.provision.pki.authority import AuthorityError
    from paraat.site.errors import SettingsError
    from paraat.site.files import write_atomic
    from paraat.site.site import load_site

    site = load_site(args.site)
    if args.point not in site.points:
        raise SettingsError(args.site / "points", args.point, "no point of this id", "one of the site's points")
    out: Path = args.out.resolve()
    if out.is_relative_to(args.site.resolve()):
        raise AuthorityError(f"{out} is in the site's folder, and a board's key is never kept there; name another")
    authority = _open(args)
    try:
        out.mkdir(mode=0o700)
    except OSError as error:
        raise AuthorityError(f"{out}: {error.strerror}; name a folder that is not there yet") from error
    issued = None
    try:
        issued = authority.issue_board(args.point, now(), replace=args.replace)
        write_atomic(out / "ca.der", authority.certificate_der(), mode=0o644)
        write_atomic(out / "cert.der", issued.certificate_der(), mode=0o644)
        write_atomic(out / "key.der", issued.key_der(), mode=0o600)
        authority.commit(issued, None, now())
    except BaseException as error:  # Ctrl-C too
        shutil.rmtree(out, ignore_errors=True)
        if issued is not None:
            _discard(authority, issued)
        if isinstance(error, OSError):
            raise AuthorityError(f"{out}: {error.strerror}; the certificate is revoked again") from error
        raise
    print(f"{out}: copy the three files to /tls on the board, then delete this folder; the key is nowhere else.")
    return 0


def _discard(authority: "Authority", issued: "Issued") -> None:
    """Raises AuthorityError when it cannot be recorded that nobody may use this certificate."""
    from paraat.provision.pki.authority import AuthorityError
    from paraat.site.inventory import PkiError

    try:
        authority.discard(issued, now())
    except PkiError as error:
        raise AuthorityError(
            f"{error}. Certificate {issued.serial} of {issued.name} still counts; make room, then run"
            f" `paraat pki revoke {issued.serial} --reason failed`"
        ) from error


def _renew(args: argparse.Namespace) -> int:
    authority = _open(args)
    if args.which == "host":
        record = authority.renew_host(now())
        follow = (
            "nothing more where this is the folder of the host service, which shows it at its next connection;"
            " else copy host.crt and host.key there"
        )
    elif args.which == "desk":
        record = authority.renew_desk(now())
        follow = (
            f"copy {args.site / 'pki'}/desk.crt and desk.key to the site's folder where you command boards; a broker set up"
            f" before there was one needs paraat broker-config --site {args.site} again, and a restart"
        )
    else:
        record = authority.renew_broker(tuple(args.broker_name), now())
        follow = f"run paraat broker-config --site {args.site} again, and restart mosquitto"
    print(f"{record.cn}: valid until {record.not_after:%Y-%m-%d}. Next: {follow}.")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    for record in _open(args).revoke(args.which, args.reason, now()):
        print(f"{record.cn}: certificate {record.serial} is revoked ({args.reason}).")
    print(f"The broker refuses it once it has {args.site / 'pki' / 'crl.pem'} and is reloaded: docs/pki.md, Revoke.")
    return 0


def _crl(args: argparse.Namespace) -> int:
    from paraat.provision.pki.authority import AuthorityError
    from paraat.site.files import write_atomic

    data = _open(args).crl()
    if args.out is None:
        print(data.decode(), end="")
        return 0
    try:
        write_atomic(args.out, data, mode=0o644)
    except OSError as error:
        raise AuthorityError(f"{args.out}: {error.strerror}; may this user write there (sudo)?") from error
    print(f"{args.out}: written; reload the broker (systemctl reload mosquitto).")
    return 0


def _list(args: argparse.Namespace) -> int:
    from paraat.site import inventory

    at = now()
    for record in inventory.load(args.site).certificates:
        state = "expired" if record.state == "valid" and record.not_after < at else record.state
        why = f" {record.revoked_at:%Y-%m-%d} {record.reason}" if record.revoked_at else ""
        board = f" {record.board.type} {record.board.mac} {record.board.serial}" if record.board else ""
        anyway = f" ANYWAY=1: {record.anyway}" if record.anyway else ""
        until = f"{record.not_after:%Y-%m-%d}"
        print(f"{record.cn:<31} {record.kind:<9} {state:<7} until {until} {record.serial}{board}{why}{anyway}")
    return 0


def _broker_config(args: argparse.Namespace) -> int:
    from paraat.provision.pki import broker_config
    from paraat.site.site import load_site

    files = broker_config.write(load_site(args.site), args.out, address=args.address, data=args.data)
    for path in files:
        print(path)
    print("Now restart the broker (systemctl restart mosquitto).")
    return 0
