"""A technician's session: from a point's file to a board that reports; several boards beside each other.

Each board goes through STEPS in a thread of its own, so one that fails never stops another. Nothing of a board is
recorded before the last step, and that one is whole or undone: certificate and board are one row of the inventory, and
the label gets its name only after it. Whatever ends a run earlier, Ctrl-C too, the certificate is revoked, because the
board may have it already.
"""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from paraat.boards import boards
from paraat.boards.boards import Board
from paraat.boards.node_config import link_kind
from paraat.domain.points import Point
from paraat.journal.peek import first_free_seq
from paraat.provision.bundle.bundle import Firmware
from paraat.provision.flash import label, selftest
from paraat.provision.flash.flash import CancelledError, Flasher, FlashError
from paraat.provision.flash.selftest import Report
from paraat.provision.image import image
from paraat.provision.image.image import Authorities, Image
from paraat.provision.micropython import micropython_image, pinned
from paraat.provision.micropython.micropython_image import MicroPythonImage
from paraat.provision.pki import outlook
from paraat.provision.pki.authority import Authority, PointTakenError
from paraat.provision.pki.certificates import Issued
from paraat.site import fingerprint, inventory, secrets
from paraat.site.site import Site
from paraat.texts import explain, reason, sentence

STEPS = ("check", "connect", "issue", "image", "write", "verify", "selftest", "record")
LABELS = "labels"
_POLL_S = 0.05


class Job(NamedTuple):
    """One board for one point. port: such as /dev/ttyUSB0."""

    point: str
    port: str


class Prepared(NamedTuple):
    """All that is known of a board before it is touched."""

    point: Point
    board: Board
    micropython: MicroPythonImage
    secrets: Mapping[str, object]
    first_seq: int
    anyway: tuple[Exception, ...]  # what it was let through with


class Outcome(NamedTuple):
    """How it went. error: None when the board is ready and recorded. seconds: of each step that was begun."""

    job: Job
    seconds: dict[str, float]
    mac: str = ""
    board: str = ""
    report: Report | None = None
    label: Path | None = None
    error: Exception | None = None


class Watcher(Protocol):
    """Follows the boards, from their threads."""

    def step(self, point: str, step: str) -> None:
        """A step begins."""
        ...

    def progress(self, point: str, part: float) -> None:
        """How much of the step is done, from 0 to 1; only writing tells."""
        ...


class Session:
    """What is the same for all boards.

    micropython: a file, or None for the pinned one in the site's folders. anyway: also a board with too little memory, and
    a site that no board would reach, for the bench; it is in the inventory.
    """

    def __init__(
        self,
        site: Site,
        authority: Authority,
        firmware: Firmware,
        watcher: Watcher,
        *,
        now: Callable[[], datetime],
        language: str,
        micropython: Path | None = None,
        replace: bool = False,
        anyway: bool = False,
        read_report: Callable[..., Report] = selftest.read,
    ) -> None:
        self._site = site
        self.authority = authority
        self._firmware = firmware
        self._watcher = watcher
        self._now = now
        self._language = language
        self._micropython = micropython
        self._replace = replace
        self._anyway = anyway
        self._read_report = read_report
        self._stopped = threading.Event()
        self.impossible = tuple(outlook.impossible(site, now()))  # why no board of this site would ever reach it
        self.outcomes: list[Outcome] = []  # of all boards, also after Ctrl-C
        self.left_pending: list[Issued] = []  # of boards that failed, and that could not be revoked

    # --- several boards ----------------------------------------------------------------------

    def check(self, points: Sequence[str], board: str | None = None) -> None:
        """Find what is wrong with the order itself, and with the site for every board. board: what BOARD= says.

        Raises FlashError, ImpossibleError, InventoryError.
        """
        for number, name in enumerate(points):
            if name in points[:number]:
                raise FlashError("flash.twice", point=name)
            point = self._point(name)
            if board is not None and point.board.type != board:
                path = self._site.directory / "points" / f"{name}.toml"
                raise FlashError("flash.other-board", point=name, type=point.board.type, board=board, path=path)
            if self._replace and name not in inventory.boards(self._site.directory):
                raise FlashError("flash.nothing-to-replace", point=name)
        if self.impossible and not self._anyway:
            raise self.impossible[0]

    def run(self, jobs: Sequence[Job], on_stop: Callable[[], None] = lambda: None) -> list[Outcome]:
        """Flash all, in parallel. Raises KeyboardInterrupt after Ctrl-C, when everything half done is cleared away.

        on_stop: called at once after Ctrl-C; the boards may take some seconds to end.
        """
        ports = [job.port for job in jobs]
        for number, port in enumerate(ports):
            if port in ports[:number]:
                raise FlashError("flash.same-port", port=port)
        pool = ThreadPoolExecutor(max_workers=len(jobs))
        running: list[Future[Outcome]] = []
        try:
            running += [pool.submit(self._flash, job) for job in jobs]
            while not all(one.done() for one in running):
                time.sleep(_POLL_S)  # in a wait on a lock, Ctrl-C may come as RuntimeError: release unlocked lock
        except KeyboardInterrupt:
            self._stopped.set()  # each thread ends at its next look, and clears away
            on_stop()
            raise
        finally:
            pool.shutdown()
            self.outcomes = [one.result() for one in running]
        return self.outcomes

    @property
    def stopped(self) -> bool:
        """True after Ctrl-C: every board ends at its next look."""
        return self._stopped.is_set()

    # --- one board ---------------------------------------------------------------------------

    def _flash(self, job: Job) -> Outcome:
        """One board; every failure is in the outcome."""
        steps = _Steps(job.point, self._watcher, self._stopped)
        try:
            return self._write_and_record(job, steps)
        except Exception as error:  # noqa: BLE001 - one bad board never stops the others
            return Outcome(job, steps.seconds, error=error)
        finally:
            steps.end()

    def _write_and_record(self, job: Job, steps: "_Steps") -> Outcome:
        steps.begin("check")
        prepared = self.prepare(job.point)
        steps.begin("connect")
        with Flasher(job.port, prepared.board, cancelled=self._stopped.is_set) as chip:
            chip.check_psram()
            self._check_owner(job.point, chip.mac)
            prepared = prepared._replace(board=prepared.micropython.board_with(prepared.board, chip.flash_bytes))
            steps.begin("issue")
            with self.issued(job.point, chip.mac) as issued:
                steps.begin("image")
                made = self.make(prepared, issued)
                steps.begin("write")
                chip.write(made.flash, lambda part: self._watcher.progress(job.point, part))
                steps.begin("verify")
                chip.verify(made.flash)
                chip.reset()
                chip.close()
                steps.begin("selftest")
                report = self._read_report(job.port, cancelled=self._stopped.is_set)
                _check_psram(prepared, report, job.port)
                steps.begin("record")
                path = self._record(prepared, issued, chip.mac)
        return Outcome(job, steps.seconds, chip.mac, prepared.board.id, report, path)

    def prepare(self, name: str) -> Prepared:
        """Read all that a board needs. Raises FlashError, SettingsError, FirmwareError, TooLittleMemoryError."""
        point = self._point(name)
        board = boards.load_board(point.board.type)
        short = boards.memory_error(board)
        if short is not None and not self._anyway:
            raise short
        through = (*filter(None, [short]), *self.impossible)
        by_wifi = link_kind(point, board) == "wifi"
        wifi = secrets.board_secrets(self._site.directory, name) if by_wifi else {}
        free = first_free_seq(self._site.path(self._site.region.journal), name)
        micropython = self.micropython(name)
        return Prepared(point, micropython.board_with(board), micropython, wifi, free or 1, through)

    def micropython(self, name: str) -> MicroPythonImage:
        """The image of MicroPython for a point's board, checked. Raises FirmwareError, SettingsError."""
        board = boards.load_board(self._point(name).board.type)
        if self._micropython is not None:
            return micropython_image.load(self._micropython, board)
        found = micropython_image.load(micropython_image.find(board, micropython_image.folders(self._site)), board)
        pinned.check(self._site.directory, board, found)
        return found

    @contextlib.contextmanager
    def issued(self, point: str, mac: str | None = None) -> Iterator[Issued]:
        """A pending certificate, revoked when the block fails. Raises FlashError, AuthorityError, InventoryError.

        Where even that cannot be written (a full disk), it is in `left_pending`: the board may have it, and the broker
        takes it until it is revoked, by the next run of this point at the latest.
        """
        try:
            issued = self.authority.issue_board(point, self._now(), mac=mac, replace=self._replace)
        except PointTakenError as error:
            board = error.record.board
            raise FlashError("flash.taken", point=point, board=board.mac if board else error.record.serial) from error
        try:
            yield issued
        except BaseException:
            try:
                self.authority.discard(issued, self._now())
            except inventory.PkiError:
                self.left_pending.append(issued)
            raise

    def make(self, prepared: Prepared, issued: Issued) -> Image:
        """The flash of a board. Raises ImageError, LittlefsError, SettingsError."""
        return image.make(
            self._site,
            prepared.point.id,
            prepared.board,
            prepared.micropython,
            self._firmware,
            issued,
            Authorities(self.authority.believed_der(), self.authority.update_public()),
            secrets=prepared.secrets,
            first_seq=prepared.first_seq,
            built=self._now(),
        )

    def save(self, point: str, folder: Path) -> tuple[list[Path], Issued]:
        """Make a point's image and keep it in a folder; its certificate counts from then on, without a board.

        Returns the files. Raises as a board's steps do.
        """
        prepared = self.prepare(point)
        with self.issued(point) as issued:
            written = image.save(self.make(prepared, issued), folder)
            self.authority.commit(issued, None, self._now(), anyway=self._let_through(prepared))
        return written, issued

    def _let_through(self, prepared: Prepared) -> str | None:
        return "; ".join(sentence(*explain(error, self._language)) for error in prepared.anyway) or None

    def _point(self, name: str) -> Point:
        point = self._site.points.get(name)
        if point is None:
            raise FlashError("flash.unknown-point", point=name, known=", ".join(sorted(self._site.points)))
        return point

    def _check_owner(self, point: str, mac: str) -> None:
        """A board has one point, and a replacement is another board. Raises FlashError, InventoryError."""
        for other, record in inventory.boards(self._site.directory).items():
            if record.board is None or record.board.mac != mac:
                continue
            if other != point:
                raise FlashError("flash.other-point", mac=mac, other=other, site=self._site.directory)
            if self._replace:
                raise FlashError("flash.same-board", mac=mac, point=point)

    def _record(self, prepared: Prepared, issued: Issued, mac: str) -> Path:
        """Label, certificate and board, all of them or none. Returns the label's path."""
        folder = self._site.directory / LABELS
        words = label.Label(
            prepared.point.id,
            prepared.point.name,
            mac,
            label.word(self._language),
            fingerprint.words(self.authority.fingerprint()),
        )
        board = inventory.Board(
            mac=mac,
            serial=mac,
            type=prepared.board.id,
            flashed_at=self._now(),
            firmware=self._firmware.version,
            micropython=prepared.micropython.version or None,
        )
        try:
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".") as staged:
                made = label.save(words, Path(staged))
                self.authority.commit(issued, board, self._now(), anyway=self._let_through(prepared))
                # From here on it counts, and a name in the same folder takes no room on the disk.
                for path in made:
                    path.replace(folder / path.name)
                return folder / made[0].name
        except OSError as error:
            raise FlashError("flash.not-written", path=folder, why=reason(error)) from error


def _check_psram(prepared: Prepared, report: Report, port: str) -> None:
    """The board's own word that MicroPython has found the PSRAM that it should have. Raises FlashError."""
    if prepared.board.psram is not None and not report.has_psram:
        about = {"board": prepared.board.name, "image": prepared.board.firmware.image}
        raise FlashError("flash.no-psram", port=port, heap=report.heap // 1024, **about)


class _Steps:
    """The clock of one board's steps, and the place where it is stopped."""

    def __init__(self, point: str, watcher: Watcher, stopped: threading.Event) -> None:
        self._point = point
        self._watcher = watcher
        self._stopped = stopped
        self._began: tuple[str, float] | None = None
        self.seconds: dict[str, float] = {}

    def begin(self, step: str) -> None:
        """End the step before and begin this one. Raises CancelledError when the session was stopped."""
        self.end()
        self._began = step, time.monotonic()
        self._watcher.step(self._point, step)
        if self._stopped.is_set():
            raise CancelledError

    def end(self) -> None:
        """Count the step that runs, if one does."""
        if self._began is not None:
            step, at = self._began
            self.seconds[step] = time.monotonic() - at
            self._began = None
