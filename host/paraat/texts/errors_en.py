"""English, for what is wrong with the region's keys, files and images, and with a board on the cable."""

# code: (what was found, what the technician does now)
TABLE = {
    "pki.no-key": (
        "{path}: no such file",
        "A new site: `paraat pki init --site {site}`; a key in a token or on another machine: docs/pki.md",
    ),
    "pki.wrong-passphrase": (
        "{path}: the passphrase is wrong",
        "Try again; if it is right, the file is damaged: bring it back from your last copy of the site",
    ),
    "pki.mode": ("{path}: found mode {mode}", "Run `chmod 600 {path}`"),
    "pki.missing": ("{path}: {why}", "Bring it back from your last copy of the site"),
    "pki.unreadable": ("{path}: it cannot be read as {what}", "Bring it back from your last copy"),
    "pki.not-together": ("{path} does not belong to {other}", "Bring both back from one copy"),
    "pki.not-valid": (
        "{path} is valid from {start} to {end}, and today is {today}",
        "Check this machine's clock; for a new authority see docs/pki.md",
    ),
    "pki.revoked-meanwhile": ("{point}: certificate {serial} was revoked meanwhile", "Flash again"),
    "pki.list-not-written": (
        "{path}: not written ({why})",
        "Make room, then run `paraat pki crl`: the revocation itself is recorded",
    ),
    "pki.not-renewed": ("{path}: not written ({why})", "Make room, then renew again"),
    "pki.no-inventory": ("{path}: no such file", "`paraat pki init --site {site}` makes it"),
    "pki.bad-inventory": ("{path}: {why}", "Bring it back from your last copy of the site's folder"),
    "pki.not-recorded": ("{path}: not written ({why}), nothing was recorded", "Make room and do it again"),
    "pki.no-lock": ("{path}: {why}", "`paraat pki init --site {site}` makes it"),
    "pki.no-terminal": (
        "There is no terminal to ask for the passphrase of the CA",
        "Name a file of mode 0600 with --passphrase-file FILE (make: PASSPHRASE_FILE=)",
    ),
    "pki.no-passphrase": ("No passphrase was given; nothing was done", "Do it again"),
    "micropython.none": (
        "There is no image of MicroPython for {board}: expected {name}-<date>-<version>.bin in one of {places}",
        "Run `make bundle` where there is internet, or name a file: FIRMWARE=file.bin",
    ),
    "micropython.unread": ("{path}: {why}", "FIRMWARE= names MicroPython's image for {board}"),
    "micropython.no-program": (
        "{path}: found no {what} where the {chip} expects it",
        "The file is damaged, or it is no image of MicroPython for a first installation on {board}",
    ),
    "micropython.other-chip": (
        "{path} is for {found}, and {board} has an {chip}",
        "Take {image}-*.bin, or mend [board] type of the point",
    ),
    "micropython.other-build": (
        "{path} is {found}, and {board} takes {image}",
        "Take {image}-*.bin (make bundle fetches it), or mend [board] type of the point",
    ),
    "micropython.damaged": ("{path}: the {what} is damaged ({why})", "Fetch the file again"),
    "micropython.checksum": ("{path}: the {what}'s checksum does not fit, the file is damaged", "Fetch it again"),
    "micropython.no-table": ("{path}: no partition table", "Take the .bin for a first installation, not .app-bin"),
    "micropython.damaged-table": ("{path}: the partition table is damaged", "Fetch the file again"),
    "micropython.no-application": (
        "{path}: no application in its partition table",
        "Take the .bin for a first installation",
    ),
    "micropython.layout": (
        "{path}: its file system is at {found}, and {toml} says {expected}",
        "Take the build {image}",
    ),
    "micropython.no-pin": ("boards/micropython.toml: no {image}, which {board} needs", "Add it"),
    "micropython.not-fetched": (
        "{url}: not fetched ({why})",
        "Do this where there is internet, or name the file: FIRMWARE={file}",
    ),
    "micropython.changed": (
        "{name}: SHA-256 {found}, expected {expected}: this is not the file that was chosen or seen before",
        "Fetch it again, and ask who changed it before you take its line out of {lock}",
    ),
    "image.folder": (
        "{folder}: found other files there",
        "Name a new folder, which only you will be able to read: OUT=",
    ),
    "image.not-written": ("{folder}: {why}; the image is not complete", "Make room and give the same command again"),
    "image.beyond": (
        "{n} bytes from {offset} reach beyond {limit}",
        "Take the build of MicroPython that board.toml names",
    ),
    "image.files": ("{n} files of {total} bytes do not fit into {size} bytes", "Take a board with more flash"),
    "board.unknown": ("There is no board '{name}'", "There are: {known}"),
    "remote.no-answer": ("{port}: the board did not answer within {limit_s} s", "Press EN on it and do this again"),
    "remote.deaf": ("{port}: the board does not listen", "Press EN on it and do this again"),
    "remote.not-opened": ("{port}: the port cannot be opened", "`make doctor` says why"),
    "remote.no-port": ("{port}: there is no such port", "`make doctor` looks for boards"),
    "remote.other": ("{port}: {why}", "Press EN on the board and do this again; `make doctor` looks further"),
    "remote.gone": ("{port}: {why}", "`make doctor` looks for boards"),
    "remote.refused": ("{port}: the board refuses: {why}", "`make logs` shows more; `make flash` always works"),
    "remote.unsaid": ("{port}: the board did not say how it ended", "Do it again, or `make flash`"),
    "remote.report": ("{port}: the board's report cannot be read ({why})", "Press EN and do it again"),
    "remote.file": ("{path}: {why}", "`make doctor` looks further"),
    "bundle.not-written": (
        "{path}: {why}; nothing was made",
        "Make room (150 MB) where you may write, or name another folder: OUT=",
    ),
    "bundle.packages": ("The Python packages: {why}", "Do this where there is internet"),
    "bundle.other-folder": ("{out} is there already and is no bundle", "Name another folder: OUT="),
    "bundle.flashed-from": (
        "{theirs} knows certificate {serial} of {point} as {state}, and {site} does not: boards were flashed from {out}",
        "Bring its site/ back first, or name another folder: OUT=",
    ),
    "bundle.no-clone": (
        "{folder} is no clone of the repository",
        "Make the bundle where the software is kept",
    ),
    "bundle.open-key": ("{path} is not encrypted and does not go along", "`make doctor` says what to do"),
}

# What stands in an error about a site's file: its frame, and the beginnings of what is found and expected most.
SETTINGS = {"found": "found", "expected": "expected"}
