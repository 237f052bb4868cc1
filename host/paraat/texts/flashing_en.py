"""English, for make flash, image, replace and erase."""

# code: (what was found, what the technician does now)
TABLE = {
    "flash.no-port": ("There is no port {port}", "See whether the board is plugged in; make doctor looks further"),
    "flash.denied": ("This laptop keeps you from {port}", "sudo usermod -aG dialout $USER, and log in again"),
    "flash.busy": ("{port} is busy: {why}", "Close the console or the other program; make doctor names it"),
    "flash.no-answer": (
        "The board on {port} does not answer: {why}",
        "Hold BOOT down, press EN briefly, let go of BOOT, and try again; else another cable",
    ),
    "flash.wrong-chip": (
        "On {port} there is an {found}, and {board} has an {expected}",
        "Take the right board, or mend [board] type of the point",
    ),
    "flash.memory": (
        "{board} has too little memory for the firmware: Python, Wi-Fi and the encrypted connection together are"
        " {missing} KB short",
        "Take {other} (the same wires) and put it in [board] type of the point",
    ),
    "flash.memory-moved": (
        "{board} has too little memory for the firmware: Python, Wi-Fi and the encrypted connection together are"
        " {missing} KB short",
        "Take {other} (the same wires, but for {wires}) and put it in [board] type of the point",
    ),
    "flash.memory-reckoned": (
        "Nobody has measured that {board} has memory enough for the firmware, and reckoned it is {missing} KB short",
        "Take {other} (the same wires) and put it in [board] type of the point",
    ),
    "flash.memory-reckoned-moved": (
        "Nobody has measured that {board} has memory enough for the firmware, and reckoned it is {missing} KB short",
        "Take {other} (the same wires, but for {wires}) and put it in [board] type of the point",
    ),
    "flash.memory-unknown": (
        "Nobody knows whether {board} has memory enough for the firmware",
        "Take {other} and put it in [board] type of the point",
    ),
    "flash.little-psram": (
        "The chip on {port} has {found} MB of PSRAM, and {board} has {expected}",
        "Take the right board: its module's name ends in R8; or mend [board] type of the point",
    ),
    "flash.no-psram": (
        "The board on {port} does not find its PSRAM: {heap} KB free, and {board} with {image} should have some thousands",
        "Read the name on the module: it is another board (mend [board] type), or it is broken: take another one",
    ),
    "flash.lost": ("The connection to {port} was lost: {why}", "Fasten the cable and give the same command again"),
    "flash.mismatch": (
        "What was written to {port} is not what should be there: {why}",
        "Try again; if it comes back, put this board away",
    ),
    "flash.small": ("The flash on {port} is too small: {why}", "This is not the board that board.toml describes"),
    "flash.unknown-point": ("There is no point {point} in this region", "Look the name up; there are: {known}"),
    "flash.twice": ("Point {point} is named twice", "Name each point once: one board a point"),
    "flash.same-port": ("Port {port} is named for two points", "Give each point a board of its own"),
    "flash.other-board": (
        "By its file point {point} has an {type}, and BOARD says {board}",
        "Leave BOARD out, or mend [board] type in {path}",
    ),
    "flash.other-point": (
        "This board ({mac}) belongs to point {other}",
        "Take another one; if it must be this: make erase, and revoke the old certificate:"
        " .venv/bin/paraat pki revoke {other} --reason reused --site {site}",
    ),
    "flash.no-board": (
        "No board found on USB",
        "Plug it in with a cable that carries data; make doctor looks further; or name its port: PORT=/dev/ttyUSB0",
    ),
    "flash.many-boards": ("{n} boards are attached: {names}", "Name one with PORT=, or flash all with POINTS="),
    "flash.few-ports": ("{wanted} boards are needed, and {n} attached: {names}", "Plug in the others"),
    "flash.taken": (
        "Point {point} has a board already ({board})",
        "Take that one; if another comes in its place: make replace POINT={point} (make image: REPLACE=1)",
    ),
    "flash.port-count": ("{ports} ports for {points} points", "Name a port for each point, or none at all"),
    "flash.nothing-to-replace": ("Point {point} has no board yet", "make flash POINT={point}"),
    "flash.same-board": ("This board ({mac}) is the one that point {point} has", "make flash POINT={point}"),
    "flash.not-written": ("{path}: not written ({why})", "Make room and give the same command again"),
    "flash.broken": ("{what}: unexpected error ({why})", "Try again; report it if it comes back"),
    "flash.no-press": ("No button seen for point {point}", "Press EN (reset) of that board, or name the port: PORT="),
    "selftest.none": (
        "The board on {device} told nothing within {limit_s} s",
        "It said: {said}. make logs shows everything",
    ),
    "selftest.crashed": ("The program on {device} does not start", "It said: {said}. Keep this and report it"),
    "sensor.bus": ("no answer on the bus", "the sensor's plug, supply and address"),
    "sensor.crc": ("disturbed message", "cable: too long, or beside a power cable"),
    "sensor.silent": ("says nothing", "supply and data wires; at a serial sensor: are rx and tx swapped?"),
    "sensor.range": ("impossible value", "where the sensor sits, and the measures in the point's file"),
    "sensor.blocked": ("blocked", "take away what stands before it; clean the lens"),
    "sensor.config": ("wrongly set up", "[[sensors]] in the point's file"),
    "sensor.wire-break": ("broken wire", "the wire to the sender"),
    "sensor.short": ("short circuit", "the wire to the sender"),
    "sensor.stopped": ("stands still", "the sensor itself"),
    "sensor.error": ("error ({code})", "make logs"),
}

SAY = {
    "selftest.columns": "|What|Found|Look at",
    "selftest.title": "{point}, {name}: the board's self-test",
    "selftest.link": "network",
    "selftest.link-down": "name and password of the Wi-Fi (secrets.toml), or the network cable",
    "selftest.clock": "clock",
    "selftest.no-clock": "no harm at the workbench: the board gets the time from the coordination point",
    "selftest.connected": "connected",
    "selftest.no-broker": "whether this network reaches the coordination point; the board tries again for ever",
    "selftest.stored": "stored at the coordination point",
    "selftest.not-stored": "nothing stored yet",
    "selftest.no-ack": "may come later: the board keeps everything until the coordination point has it",
    "selftest.on": "yes",
    "selftest.off": "no",
    "step.check": "check",
    "step.connect": "connect",
    "step.issue": "certificate",
    "step.image": "make image",
    "step.write": "write",
    "step.verify": "verify",
    "step.selftest": "self-test",
    "step.record": "record",
    "flash.done": "{point}: board {serial} is ready and recorded, in {total_s} s ({steps}).",
    "flash.next": "Put the label on the board: {label}. Then install it as boards/{board}/README.md says.",
    "flash.failed": "{point} on {port}: FAILED. {found}. {step}",
    "flash.count": "{good} of {all} boards ready.",
    "flash.nothing-recorded": "Nothing of {point} was recorded.",
    "flash.left-pending": "MIND: certificate {serial} of {point} may be on that board and could not be revoked: it still"
    " counts. Make room on the disk, and then:"
    " .venv/bin/paraat pki revoke {serial} --reason failed --site {site} (or make flash POINT={point}).",
    "flash.stopping": "Stopped. One moment: what is half done is cleared away.",
    "flash.press": "Press the button EN (reset) of the board for {point} ({name}).",
    "flash.paired": "{point}: {port}",
    "flash.micropython": "MicroPython for {board}: {file}",
    "flash.old-micropython": "Mind: MicroPython {version} is older than 1.24; the firmware does not start on it.",
    "flash.passphrase": "Passphrase of the region's key ({path}): ",
    "flash.plain": "Mind: the boards speak TLS on port {port}, and [broker] in {path} is not set for that yet. make doctor says what must stand there.",
    "flash.loopback": "Mind: the boards look for the broker at {host}, which is themselves. Set [broker] boards_host in {path}.",
    "flash.no-history": "Mind: {path} is not here. The number that this board begins with now comes from the coordination point.",
    "anyway.let-through": "LET THROUGH with ANYWAY=1 for {points}: {found}. For the bench only: this board must not leave the hall.",
    "image.done": "{point}: {path}, with the board's private key: readable for you alone. Certificate {serial}.",
    "erase.ask": "Erase everything on the board on {port}? Type yes: ",
    "erase.yes": "yes",
    "erase.not": "Nothing erased.",
    "erase.done": "The board on {port} ({mac}) is empty.",
    "erase.certificate": "It was the board of {point}; if it does not come back:"
    " .venv/bin/paraat pki revoke {point} --reason erased --site {site}",
    "label.serial": "board",
}
