"""English."""

from paraat.texts import errors_en, flashing_en

# code: (what was found, what the technician does now)
TABLE = {
    **flashing_en.TABLE,
    **errors_en.TABLE,
    "doctor.unreadable": (
        "Cannot be read: {error}",
        "Is that file yours? sudo chown {user} the file, or work as the user who owns it",
    ),
    "python.old": ("Python {version} is too old", "Install Python 3.11 or newer; then: make PYTHON=python3.11 tools"),
    "python.packages": ("Packages are missing: {missing}", "make tools"),
    "python.fine": ("Python {version}, all packages are there", ""),
    "disk.full": ("Only {free_mb} MB free on {path}", "Make room: {wanted_mb} MB is needed"),
    "disk.fine": ("{free_mb} MB free", ""),
    "site.missing": (
        "The folder {site} with the region's data is not there",
        "Fetch it from the coordination point, or begin: cp -r deploy/site.example {site}. Another folder: SITE=...",
    ),
    "site.wrong": ("{error}", "Correct the file; then: .venv/bin/paraat check --site {site}"),
    "site.unknown-point": ("There is no point {point} in this region", "Check the name; there are: {known}"),
    "site.fine": ("{region}, {points} points, in order", ""),
    "secrets.mode": ("Others can read {path} (mode {mode})", "chmod 600 {path}"),
    "secrets.fine": ("Only you can read the secret files", ""),
    "flashing.image": (
        "No MicroPython for {board}",
        "make bundle where there is internet, or put {file} of micropython.org into {site}/firmware",
    ),
    "flashing.wrong-image": (
        "The MicroPython for {board} is not right: {error}",
        "Take that file out of {site}/firmware; then make bundle where there is internet, or put {file} there",
    ),
    "flashing.memory": ("{error}", "It is about: {points}"),
    "flashing.wifi": ("{error}", "Fetch {path} from the coordination point, or mend it; then: chmod 600 {path}"),
    "flashing.fine": ("MicroPython ({builds}) and Wi-Fi for the boards are there", ""),
    "authority.missing": (
        "The region's folder of keys is not there: {path}",
        "Fetch {site}/pki from the coordination point. A new region: .venv/bin/paraat pki init --site {site}",
    ),
    "authority.unreadable": ("{path} is no certificate", "Put it back from the last copy of the folder"),
    "authority.expired": (
        "The authority's certificate ended on {until}",
        "No board can be flashed. Call the coordination point: a new authority must be made",
    ),
    "authority.expires": ("The authority's certificate ends on {until}", "Tell the coordination point now"),
    "authority.fine": ("The authority's certificate is valid until {until}", ""),
    "authority.no-key": (
        "The region's key ({path}) is not on this laptop",
        "Fine for verify, console and logs; flashing needs it",
    ),
    "authority.open-key": (
        "The region's key is not encrypted: {path}",
        "Do not use this laptop. Call the coordination point: the key must be made anew",
    ),
    "certificates.inventory": ("{error}", "Put the folder back from the last copy"),
    "certificates.board-expired": (
        "The certificate of point {name} ended on {until}",
        "Attach the board: make flash POINT={name}",
    ),
    "certificates.board-expires": (
        "The certificate of point {name} ends on {until}",
        "Before that day: make flash POINT={name}",
    ),
    "certificates.expired": ("The certificate of {name} ({kind}) ended on {until}", "Call the coordination point"),
    "certificates.expires": ("The certificate of {name} ({kind}) ends on {until}", "Tell the coordination point"),
    "certificates.board-pending": (
        "A board for point {name} was not finished, and its certificate {serial} still counts",
        "make flash POINT={name}; or revoke it: .venv/bin/paraat pki revoke {serial} --reason failed --site {site}",
    ),
    "certificates.pending": (
        "The new certificate of {name} ({kind}) was not finished",
        ".venv/bin/paraat pki renew {kind} --site {site}",
    ),
    "certificates.fine": ("No certificate ends within {days} days", ""),
    "clock.before-software": (
        "The laptop's clock says {now}, which is before this software ({then})",
        'Set it: sudo timedatectl set-ntp true; without internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.before-authority": (
        "The laptop's clock says {now}, which is before the authority's certificate ({then})",
        'Set it: sudo timedatectl set-ntp true; without internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.ahead": (
        "The laptop's clock is {off_s} s ahead of {host}",
        'sudo timedatectl set-ntp true; without internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.behind": (
        "The laptop's clock is {off_s} s behind {host}",
        'sudo timedatectl set-ntp true; without internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.not-compared": ("The clock says {now}; there was nothing to compare it with", "See for yourself"),
    "clock.fine": ("The clock agrees with {host} (off by {off_s} s)", ""),
    "broker.loopback": (
        "The boards look for the broker on {host}: that is the board itself",
        "Set [broker] boards_host in {site}/site.toml to the CP's name or address",
    ),
    "broker.site-plain": (
        "The boards speak TLS, and [broker] in {site}/site.toml says port {port} without TLS",
        'Set under [broker] in {site}/site.toml: port = 8883, ca_file = "pki/ca.crt", cert_file = "pki/host.crt",'
        ' key_file = "pki/host.key"',
    ),
    "broker.name": (
        "The name {host} is not known here ({detail})",
        "Is the laptop on the CP's network? Is [broker] host right in {site}/site.toml?",
    ),
    "broker.silent": (
        "{host}:{port} does not answer",
        "Is the laptop on the CP's network? Check cable and firewall; then: ping {host}",
    ),
    "broker.refused": (
        "{host} is there, but nothing listens on port {port}",
        "On the CP's machine: sudo systemctl status mosquitto",
    ),
    "broker.network": ("{host}:{port} cannot be reached ({detail})", "Connect the laptop to the CP's network"),
    "broker.no-tls": (
        "{host}:{port} speaks no TLS",
        "Is [broker] port right in {site}/site.toml? 8883 is with TLS, 1883 without",
    ),
    "broker.authority": (
        "The broker has somebody else's certificate ({detail})",
        "Is {site}/pki this region's? If so: call the CP, this may be a strange machine",
    ),
    "broker.expired": (
        "The broker's certificate is not valid today ({detail})",
        "Check the laptop's clock first. If that is right: call the CP",
    ),
    "broker.wrong-name": (
        "The broker's certificate is not for {host} ({detail})",
        "Use the name in the certificate for [broker] host, or have the CP make a new one",
    ),
    "broker.tls": ("TLS with {host}:{port} failed ({detail})", "Look on the CP: sudo journalctl -u mosquitto"),
    "broker.tls-fine": ("{host}:{port} answers, and it is this region's broker", ""),
    "broker.plain-fine": (
        "{host}:{port} answers, without TLS",
        "Boards need TLS: .venv/bin/paraat pki init --site {site}",
    ),
    "usb.none": ("This machine shows no USB (a container or a virtual machine?)", "Work on the laptop itself"),
    "usb.nothing": (
        "No board is attached",
        "Attach one with a USB cable that carries data (a charging cable does not)",
    ),
    "usb.no-port": ("{port} does not exist", "Leave PORT= out, then the board is looked for"),
    "usb.hub": (
        "{device} hangs on a USB hub without a supply of its own",
        "Plug the board into the laptop itself, or give the hub its adapter",
    ),
    "usb.over-current": (
        "The USB socket of {device} was switched off {times} times for too much current",
        "Take the sensors off and use another socket; look for the short circuit",
    ),
    "usb.no-driver": (
        "There is a board ({bridge}, USB {place}), but it got no port: the driver is missing",
        "sudo modprobe {module}; if that does not help: sudo apt install linux-modules-extra-$(uname -r)",
    ),
    "usb.no-driver-ch34": (
        "There is a board ({bridge}, USB {place}), but it got no port",
        "sudo modprobe ch341; if the port goes away again: sudo apt remove brltty, and plug the board in again",
    ),
    "usb.permission": (
        "You may not use {device}",
        "sudo usermod -aG {group} {user}; then log out and in again",
    ),
    "usb.log-in-again": ("You may not use {device} yet: you were only just added to {group}", "Log out and in again"),
    "usb.busy": ("{device} is in use by {program} (process {pid})", "Close that program, or: kill {pid}"),
    "usb.modem-manager": (
        "{device} is in use by ModemManager (process {pid}), which tries every new device",
        "Wait half a minute, or: sudo systemctl stop ModemManager",
    ),
    "usb.locked": ("{device} is locked: {path}", "Close the program that uses the port; then delete that file"),
    "usb.no-answer": (
        "The chip behind {device} does not answer ({error})",
        "Hold BOOT, press EN shortly, let BOOT go; then do it again. Otherwise: another cable",
    ),
    "usb.wrong-chip": (
        "On {device} is a {chip}, but point {point} has a {board} ({wanted})",
        "Take the right board, or correct [board] type in points/{point}.toml",
    ),
    "usb.little-psram": (
        "The chip on {device} has {psram} MB of PSRAM, but the {board} of point {point} has {least}",
        "Take the right board: its module's name ends in R8; or correct [board] type in points/{point}.toml",
    ),
    "usb.chip-fine": ("{device}: {chip}, right for point {point}; MicroPython: {build}", ""),
    "usb.fine": ("{device} ({bridge}) is free", ""),
    "console.brownout": (
        "The board on {device} gets too little voltage (brown-out)",
        "Another USB socket, a shorter cable, a hub with its own supply; take the sensors off",
    ),
    "console.empty": ("There is nothing on the board on {device} yet", "make flash POINT=..."),
    "console.download": (
        "The board on {device} waits for a new program: BOOT is held or IO0 is at ground",
        "Let BOOT go and press EN; if it stays so, see what is connected to IO0",
    ),
    "console.crash": ("The board on {device} crashed", "make logs, keep the lines; then: make flash POINT=..."),
    "console.watchdog": (
        "The board on {device} was restarted by its watchdog",
        "make logs, and see what it said in the last two minutes",
    ),
    "console.memory": (
        "The board on {device} ran out of memory",
        "Press EN. If it comes back: take a board with more memory (boards/README.md), keep the lines of make logs and report them",
    ),
    "console.silent": ("The board on {device} says nothing", "Press EN; if it stays silent: make flash POINT=..."),
    "console.fine": ("The board on {device} runs", ""),
    # paraat verify
    "verify.point-fine": ("This is the board of {point}", ""),
    "verify.point-other": (
        "This is the board of {found}, not of {point}",
        "Take the board with the label {point}, or check this one: make verify POINT={found}",
    ),
    "verify.point-none": ("There is no Paraat on this board", "make flash POINT={point}"),
    "verify.board-fine": ("Board {label} ({found}), as in the list", ""),
    "verify.board-other": (
        "This is board {found}; the list has board {label} ({expected}) for {point}",
        "Was the old board replaced? make replace POINT={point}. If not: take the right board",
    ),
    "verify.board-unknown": ("There is no board for {point} in the list", "make flash POINT={point}"),
    "verify.certificate-fine": ("Certificate {serial}, valid until {until}", ""),
    "verify.certificate-other": (
        "Certificate {serial} is not that of {point} in the list",
        "make flash POINT={point}",
    ),
    "verify.certificate-revoked": (
        "Certificate {serial} is revoked: the broker refuses this board",
        "make flash POINT={point}, or put this board away if another hangs there already",
    ),
    "verify.certificate-none": ("There is no certificate on the board", "make flash POINT={point}"),
    "verify.authority-fine": ("The board knows this region's broker", ""),
    "verify.authority-other": (
        "The board believes another region",
        "Is SITE= the right folder? If so: make flash POINT=... of this point",
    ),
    "verify.update-key-fine": ("The board takes updates from this region only", ""),
    "verify.update-key-other": (
        "The board has another region's key for updates",
        "Is SITE= the right folder? If so: make flash POINT=... of this point",
    ),
    "verify.firmware-fine": ("Firmware {version} of {built} UTC in slot {slot}, every file whole", ""),
    "verify.firmware-damaged": ("Damaged in slot {slot}: {files}", "make update POINT={point}, else make flash"),
    "verify.firmware-differs": (
        "{n} files differ from this software: {files}",
        "Newer on this laptop? make update POINT={point}",
    ),
    "verify.firmware-none": ("There is no whole firmware on the board", "make flash POINT={point}"),
    "verify.micropython-fine": ("MicroPython {found}", ""),
    "verify.micropython-other": (
        "MicroPython {found}; written was {expected}",
        "Somebody wrote this board in another way: make flash POINT={point}",
    ),
    "verify.config-fine": ("Settings version {version}, the same as in the region's files", ""),
    "verify.config-other": (
        "Settings that differ from the region's files: {keys}",
        "make flash POINT={point}; a connected board gets them from the CP by itself",
    ),
}

SETTINGS = errors_en.SETTINGS

SAY = {
    **flashing_en.SAY,
    "doctor.columns": "What|Verdict|Found",
    "levels": "v fine|i for info|! attention|X wrong",
    "check.python": "Python",
    "check.disk": "Disk",
    "check.site": "Region",
    "check.secrets": "Secrets",
    "check.authority": "Authority",
    "check.certificates": "Certificates",
    "check.clock": "Clock",
    "check.flashing": "To flash",
    "check.broker": "Broker",
    "check.usb": "Board (USB)",
    "doctor.title": "Paraat: is this laptop ready for work?",
    "doctor.fine": "Nothing wrong.",
    "doctor.wrong": "{n} wrong. Do this, then again: make doctor",
    "check.point": "Point",
    "check.board": "Board",
    "check.certificate": "Certificate",
    "check.update-key": "Updates",
    "check.firmware": "Firmware",
    "check.micropython": "MicroPython",
    "check.config": "Settings",
    "verify.title": "Board on {port}: is it right for point {point}?",
    "verify.fine": "All is right. The board has started again.",
    "verify.wrong": "{n} wrong. The board has started again. Do this:",
    "identify.usb": "The lamp of the board on {port} blinks for {seconds} s. Then the board starts again.",
    "update.copy": "{path} ({size} bytes) to the board on {port} ...",
    "update.done": "New firmware of {built} UTC is in slot {slot}. The board tries it now; if it does not reach the CP, the old one comes back by itself.",
    "bundle.begin": "Making the folder for a day without internet ...",
    "bundle.image": "MicroPython for {board}: {file}, checksum right ({source})",
    "bundle.first-seen": "MicroPython for {board}: {file} from {source}. Nobody knew its checksum; from now on it is {sha256}",
    "bundle.uncommitted": "Attention: {n} changed files are not committed and do not go along; the folder has version {commit}",
    "bundle.keys": "The region's key goes along, encrypted. Treat this folder as a bunch of keys: on an encrypted disk only, and erase it after the day.",
    "bundle.no-keys": "Without the region's key and the Wi-Fi password: verify, console and logs work, flash does not.",
    "bundle.done": "{folder}: {total} MB (packages {wheels}, MicroPython {images}, region {site}, software {software}). There: make tools, then make doctor.",
    "points.kept": "Kept for {point}, in the name of {by}. The status page shows it.",
    "points.no-service": "the service does not run; this is what its journal says. Start it: paraat serve --site {site}",
    "alerts.acknowledged": "Alert {id}: seen by {by}. The status page says so too.",
    "alerts.not-firing": "No alert {id} fires now. See which do: paraat alerts list --site {site}",
    "console.how": "Console of {port}. Ctrl-C interrupts the board's program, Ctrl-] leaves.",
    "logs.how": "Console of {port}, also kept in {path}. Ctrl-C stops.",
}
