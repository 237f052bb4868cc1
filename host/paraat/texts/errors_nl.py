"""Dutch, for what is wrong with the region's keys, files and images, and with a board on the cable."""

# code: (what was found, what the technician does now)
TABLE = {
    "pki.no-key": (
        "{path} is er niet",
        "Een nieuwe regio: `paraat pki init --site {site}`; een sleutel in een token of op een andere machine: docs/pki.md",
    ),
    "pki.wrong-passphrase": (
        "{path}: de wachtzin klopt niet",
        "Probeer het opnieuw; klopt hij wel, dan is het bestand beschadigd: zet het terug uit de laatste kopie van de map",
    ),
    "pki.mode": ("{path} heeft de rechten {mode}", "Doe: `chmod 600 {path}`"),
    "pki.missing": ("{path}: {why}", "Zet het terug uit de laatste kopie van de map"),
    "pki.unreadable": ("{path} is niet te lezen als {what}", "Zet het terug uit de laatste kopie"),
    "pki.not-together": ("{path} hoort niet bij {other}", "Zet beide terug uit één kopie"),
    "pki.not-valid": (
        "{path} geldt van {start} tot {end}, en vandaag is het {today}",
        "Kijk de klok van de laptop na; voor een nieuw hoofdcertificaat: docs/pki.md",
    ),
    "pki.revoked-meanwhile": ("{point}: certificaat {serial} is intussen ingetrokken", "Flash opnieuw"),
    "pki.list-not-written": (
        "{path}: niet geschreven ({why})",
        "Maak ruimte, en dan `paraat pki crl`: het intrekken zelf is vastgelegd",
    ),
    "pki.not-renewed": ("{path}: niet geschreven ({why})", "Maak ruimte, en vernieuw opnieuw"),
    "pki.no-inventory": ("{path} is er niet", "`paraat pki init --site {site}` maakt het"),
    "pki.bad-inventory": ("{path}: {why}", "Zet het terug uit de laatste kopie van de map"),
    "pki.not-recorded": ("{path}: niet geschreven ({why}), er is niets vastgelegd", "Maak ruimte en doe het opnieuw"),
    "pki.no-lock": ("{path}: {why}", "`paraat pki init --site {site}` maakt het"),
    "pki.no-terminal": (
        "Er is geen toetsenbord om de wachtzin van de regio te vragen",
        "Noem een bestand met rechten 0600: --passphrase-file FILE (make: PASSPHRASE_FILE=)",
    ),
    "pki.no-passphrase": ("Er is geen wachtzin gegeven; er is niets gedaan", "Doe het opnieuw"),
    "micropython.none": (
        "Er is geen MicroPython voor {board}: gezocht is {name}-<datum>-<versie>.bin in {places}",
        "Doe `make bundle` waar internet is, of noem een bestand: FIRMWARE=bestand.bin",
    ),
    "micropython.unread": ("{path}: {why}", "FIRMWARE= noemt het bestand van MicroPython voor {board}"),
    "micropython.no-program": (
        "{path}: geen {what} waar de {chip} hem zoekt",
        "Het bestand is beschadigd, of het is geen MicroPython voor een eerste installatie op {board}",
    ),
    "micropython.other-chip": (
        "{path} is voor {found}, en {board} heeft een {chip}",
        "Neem {image}-*.bin, of verbeter [board] type van het punt",
    ),
    "micropython.other-build": (
        "{path} is {found}, en bij {board} hoort {image}",
        "Neem {image}-*.bin (make bundle haalt het op), of verbeter [board] type van het punt",
    ),
    "micropython.damaged": ("{path}: de {what} is beschadigd ({why})", "Haal het bestand opnieuw op"),
    "micropython.checksum": (
        "{path}: het controlegetal van de {what} klopt niet, het bestand is beschadigd",
        "Haal het opnieuw op",
    ),
    "micropython.no-table": ("{path}: geen partitietabel", "Neem de .bin voor een eerste installatie, niet .app-bin"),
    "micropython.damaged-table": ("{path}: de partitietabel is beschadigd", "Haal het bestand opnieuw op"),
    "micropython.no-application": (
        "{path}: geen programma in de partitietabel",
        "Neem de .bin voor een eerste installatie",
    ),
    "micropython.layout": (
        "{path}: het bestandssysteem ligt op {found}, en {toml} zegt {expected}",
        "Neem de bouw {image}",
    ),
    "micropython.no-pin": ("boards/micropython.toml: geen {image}, die {board} nodig heeft", "Zet hem erin"),
    "micropython.not-fetched": (
        "{url}: niet opgehaald ({why})",
        "Doe dit waar internet is, of noem het bestand: FIRMWARE={file}",
    ),
    "micropython.changed": (
        "{name}: SHA-256 {found}, verwacht {expected}: dit is niet het bestand dat gekozen of eerder gezien is",
        "Haal het opnieuw op, en vraag wie het veranderd heeft voordat u de regel uit {lock} haalt",
    ),
    "image.folder": (
        "{folder}: daar staan andere bestanden",
        "Noem een nieuwe map, die alleen u zult kunnen lezen: OUT=",
    ),
    "image.not-written": (
        "{folder}: {why}; het image is niet compleet",
        "Maak ruimte en geef dezelfde opdracht opnieuw",
    ),
    "image.beyond": (
        "{n} bytes vanaf {offset} reiken voorbij {limit}",
        "Neem de bouw van MicroPython die board.toml noemt",
    ),
    "image.files": (
        "{n} bestanden van {total} bytes passen niet in {size} bytes",
        "Neem een bord met meer flash",
    ),
    "board.unknown": ("Er is geen bord '{name}'", "Er zijn: {known}"),
    "remote.no-answer": (
        "{port}: het bord antwoordde niet binnen {limit_s} s",
        "Druk op EN en doe dit opnieuw",
    ),
    "remote.deaf": ("{port}: het bord luistert niet", "Druk op EN en doe dit opnieuw"),
    "remote.not-opened": ("{port}: de poort gaat niet open", "`make doctor` zegt waarom"),
    "remote.no-port": ("{port}: die poort is er niet", "`make doctor` zoekt borden"),
    "remote.other": ("{port}: {why}", "Druk op EN van het bord en doe dit opnieuw; `make doctor` zoekt verder"),
    "remote.gone": ("{port}: {why}", "`make doctor` zoekt borden"),
    "remote.refused": ("{port}: het bord weigert: {why}", "`make logs` toont meer; `make flash` kan altijd"),
    "remote.unsaid": ("{port}: het bord zei niet hoe het afliep", "Doe het opnieuw, of `make flash`"),
    "remote.report": (
        "{port}: wat het bord vertelt is niet te lezen ({why})",
        "Druk op EN en doe het opnieuw",
    ),
    "remote.file": ("{path}: {why}", "`make doctor` zoekt verder"),
    "bundle.not-written": (
        "{path}: {why}; er is niets gemaakt",
        "Maak ruimte (150 MB) waar u mag schrijven, of noem een andere map: OUT=",
    ),
    "bundle.packages": ("De pakketten van Python: {why}", "Doe dit waar internet is"),
    "bundle.other-folder": ("{out} is er al en is geen map van make bundle", "Noem een andere map: OUT="),
    "bundle.flashed-from": (
        "{theirs} kent certificaat {serial} van {point} als {state}, en {site} niet: vanuit {out} zijn borden geflasht",
        "Breng eerst de site/ daarvan terug, of noem een andere map: OUT=",
    ),
    "bundle.no-clone": (
        "{folder} is geen kloon van de software",
        "Maak de map waar de software bewaard wordt",
    ),
    "bundle.open-key": ("{path} is niet versleuteld en gaat niet mee", "`make doctor` zegt wat u doet"),
}

# What stands in an error about a site's file: its frame, and the beginnings of what is found and expected most.
SETTINGS = {
    "found": "gevonden:",
    "expected": "verwacht:",
    "nothing": "niets",
    "no such file": "geen bestand",
    "an unknown key": "een onbekende sleutel",
    "a value that is not shown": "een waarde die niet getoond wordt",
    "no point of this id": "geen punt met deze naam",
    "no TOML": "geen TOML",
    "mode ": "rechten ",
    "one of the site's: ": "een van de regio: ",
    "one of: ": "een van: ",
    "[wifi] with ssid and password, mode 0600": "[wifi] met ssid en password, rechten 0600",
    "the name of the boards' Wi-Fi network": "de naam van het wifi-netwerk van de borden",
    "a readable TOML file in UTF-8": "een leesbaar TOML-bestand in UTF-8",
    "an id of its own": "een eigen naam",
}
