"""Nederlands, voor make flash, image, replace en erase."""

# code: (wat er gevonden is, wat de technicus nu doet)
TABLE = {
    "flash.no-port": ("Er is geen poort {port}", "Kijk of het bord is aangesloten; make doctor zoekt verder"),
    "flash.denied": ("Deze laptop laat u niet bij {port}", "sudo usermod -aG dialout $USER, en meld u opnieuw aan"),
    "flash.busy": ("{port} is bezet: {why}", "Sluit de console of het andere programma; make doctor zegt welk"),
    "flash.no-answer": (
        "Het bord op {port} antwoordt niet: {why}",
        "Houd BOOT ingedrukt, druk kort op EN, laat BOOT los, en probeer het opnieuw; anders een andere kabel",
    ),
    "flash.wrong-chip": (
        "Op {port} zit een {found}, en {board} heeft een {expected}",
        "Pak het juiste bord, of verbeter [board] type van het punt",
    ),
    "flash.memory": (
        "{board} heeft te weinig geheugen voor de firmware: voor Python, wifi en de versleutelde verbinding samen komt het"
        " {missing} KB te kort",
        "Neem {other} (dezelfde draden) en zet dat in [board] type van het punt",
    ),
    "flash.memory-moved": (
        "{board} heeft te weinig geheugen voor de firmware: voor Python, wifi en de versleutelde verbinding samen komt het"
        " {missing} KB te kort",
        "Neem {other} (dezelfde draden, behalve {wires}) en zet dat in [board] type van het punt",
    ),
    "flash.memory-reckoned": (
        "Niemand heeft gemeten dat {board} genoeg geheugen heeft voor de firmware, en berekend komt het {missing} KB te kort",
        "Neem {other} (dezelfde draden) en zet dat in [board] type van het punt",
    ),
    "flash.memory-reckoned-moved": (
        "Niemand heeft gemeten dat {board} genoeg geheugen heeft voor de firmware, en berekend komt het {missing} KB te kort",
        "Neem {other} (dezelfde draden, behalve {wires}) en zet dat in [board] type van het punt",
    ),
    "flash.memory-unknown": (
        "Niemand weet of {board} genoeg geheugen heeft voor de firmware",
        "Neem {other} en zet dat in [board] type van het punt",
    ),
    "flash.little-psram": (
        "De chip op {port} heeft {found} MB PSRAM, en {board} heeft {expected}",
        "Pak het juiste bord: de naam van de module eindigt op R8; of verbeter [board] type van het punt",
    ),
    "flash.no-psram": (
        "Het bord op {port} vindt zijn PSRAM niet: {heap} KB vrij, en {board} met {image} hoort er duizenden te hebben",
        "Lees de naam op de module: het is een ander bord (verbeter [board] type), of het is stuk: pak een ander",
    ),
    "flash.lost": (
        "De verbinding met {port} viel weg: {why}",
        "Zet de kabel vast en voer dezelfde opdracht opnieuw uit",
    ),
    "flash.mismatch": (
        "Wat op {port} geschreven is, is niet wat er hoort te staan: {why}",
        "Probeer het opnieuw; gebeurt het weer, leg dit bord dan weg",
    ),
    "flash.small": (
        "Het flashgeheugen op {port} is te klein: {why}",
        "Dit is een ander bord dan board.toml beschrijft",
    ),
    "flash.unknown-point": ("Punt {point} bestaat niet in deze regio", "Kijk de naam na; er zijn: {known}"),
    "flash.twice": ("Punt {point} is twee keer genoemd", "Noem elk punt één keer: één bord per punt"),
    "flash.same-port": ("Poort {port} is voor twee punten genoemd", "Geef elk punt een eigen bord"),
    "flash.other-board": (
        "Punt {point} heeft volgens zijn bestand een {type}, en BOARD zegt {board}",
        "Laat BOARD weg, of verbeter [board] type in {path}",
    ),
    "flash.other-point": (
        "Dit bord ({mac}) is al van punt {other}",
        "Pak een ander bord; moet het dit worden: make erase, en trek het oude certificaat in:"
        " .venv/bin/paraat pki revoke {other} --reason hergebruikt --site {site}",
    ),
    "flash.no-board": (
        "Geen bord gevonden op USB",
        "Sluit het aan met een kabel die ook data draagt; make doctor zoekt verder; of noem de poort: PORT=/dev/ttyUSB0",
    ),
    "flash.many-boards": (
        "Er zijn {n} borden aangesloten: {names}",
        "Noem er een met PORT=, of flash ze alle met POINTS=",
    ),
    "flash.few-ports": ("Er zijn {wanted} borden nodig, en {n} aangesloten: {names}", "Sluit de andere aan"),
    "flash.taken": (
        "Punt {point} heeft al een bord ({board})",
        "Pak dat bord; komt er een ander voor in de plaats: make replace POINT={point} (make image: REPLACE=1)",
    ),
    "flash.port-count": ("{ports} poorten voor {points} punten", "Noem voor elk punt een poort, of geen enkele"),
    "flash.nothing-to-replace": ("Punt {point} heeft nog geen bord", "make flash POINT={point}"),
    "flash.same-board": ("Dit bord ({mac}) is het bord dat punt {point} al heeft", "make flash POINT={point}"),
    "flash.not-written": ("{path}: niet geschreven ({why})", "Maak ruimte en voer dezelfde opdracht opnieuw uit"),
    "flash.broken": ("{what}: onverwachte fout ({why})", "Probeer het opnieuw; meld het als het weer gebeurt"),
    "flash.no-press": (
        "Geen knop gezien voor punt {point}",
        "Druk op EN (reset) van dat bord, of noem de poort: PORT=",
    ),
    "selftest.none": (
        "Het bord op {device} meldde zich niet binnen {limit_s} s",
        "Het zei: {said}. make logs laat alles zien",
    ),
    "selftest.crashed": ("Het programma op {device} start niet", "Het zei: {said}. Bewaar dit en meld het"),
    "sensor.bus": ("geen antwoord op de bus", "stekker, voeding en adres van de sensor"),
    "sensor.crc": ("gestoord bericht", "kabel: te lang, of naast een stroomkabel"),
    "sensor.silent": ("zegt niets", "voeding en datadraden; bij een seriële sensor: rx en tx niet verwisseld?"),
    "sensor.range": ("onmogelijke waarde", "plaats van de sensor, en de maten in het bestand van het punt"),
    "sensor.blocked": ("geblokkeerd", "haal weg wat ervoor staat; maak de lens schoon"),
    "sensor.config": ("verkeerd ingesteld", "[[sensors]] in het bestand van het punt"),
    "sensor.wire-break": ("draadbreuk", "de draad naar de opnemer"),
    "sensor.short": ("kortsluiting", "de draad naar de opnemer"),
    "sensor.stopped": ("staat stil", "de sensor zelf"),
    "sensor.error": ("fout ({code})", "make logs"),
}

SAY = {
    "selftest.columns": "|Wat|Gevonden|Kijk naar",
    "selftest.title": "{point}, {name}: zelftest van het bord",
    "selftest.link": "netwerk",
    "selftest.link-down": "naam en wachtwoord van Wi-Fi (secrets.toml), of de netwerkkabel",
    "selftest.clock": "klok",
    "selftest.no-clock": "niet erg op de werkplek: het bord krijgt de tijd van het coördinatiepunt",
    "selftest.connected": "verbonden",
    "selftest.no-broker": "of dit netwerk het coördinatiepunt bereikt; het bord probeert het steeds opnieuw",
    "selftest.stored": "opgeslagen bij het coördinatiepunt",
    "selftest.not-stored": "nog niets opgeslagen",
    "selftest.no-ack": "kan later: het bord bewaart alles tot het coördinatiepunt het heeft",
    "selftest.on": "ja",
    "selftest.off": "nee",
    "step.check": "nakijken",
    "step.connect": "verbinden",
    "step.issue": "certificaat",
    "step.image": "image maken",
    "step.write": "schrijven",
    "step.verify": "controleren",
    "step.selftest": "zelftest",
    "step.record": "vastleggen",
    "flash.done": "{point}: bord {serial} is klaar en vastgelegd, in {total_s} s ({steps}).",
    "flash.next": "Plak het label op het bord: {label}. Daarna: inbouwen volgens boards/{board}/README.md.",
    "flash.failed": "{point} op {port}: MISLUKT. {found}. {step}",
    "flash.count": "{good} van {all} borden klaar.",
    "flash.nothing-recorded": "Van {point} is niets vastgelegd.",
    "flash.left-pending": "LET OP: certificaat {serial} van {point} staat misschien op dat bord en kon niet worden"
    " ingetrokken: het geldt nog. Maak ruimte op de schijf, en dan:"
    " .venv/bin/paraat pki revoke {serial} --reason mislukt --site {site} (of make flash POINT={point}).",
    "flash.stopping": "Gestopt. Even wachten: wat half is wordt opgeruimd.",
    "flash.press": "Druk op de knop EN (reset) van het bord voor {point} ({name}).",
    "flash.paired": "{point}: {port}",
    "flash.micropython": "MicroPython voor {board}: {file}",
    "flash.old-micropython": "Let op: MicroPython {version} is ouder dan 1.24; de firmware start er niet op.",
    "flash.passphrase": "Wachtzin van de regio ({path}): ",
    "flash.plain": "Let op: de borden spreken TLS op poort {port}, en [broker] in {path} is daar nog niet op ingesteld. make doctor zegt wat er moet staan.",
    "flash.loopback": "Let op: de borden zoeken de broker op {host}, dus op zichzelf. Zet [broker] boards_host in {path}.",
    "flash.no-history": "Let op: {path} is hier niet. Het nummer waarmee dit bord begint komt nu van het coördinatiepunt.",
    "anyway.let-through": "DOORGELATEN met ANYWAY=1 voor {points}: {found}. Alleen voor de werkbank: dit bord mag de hal niet uit.",
    "image.done": "{point}: {path}, met de privésleutel van het bord: alleen voor u leesbaar. Certificaat {serial}.",
    "erase.ask": "Alles op het bord op {port} wissen? Typ ja: ",
    "erase.yes": "ja",
    "erase.not": "Niets gewist.",
    "erase.done": "Het bord op {port} ({mac}) is leeg.",
    "erase.certificate": "Het was het bord van {point}; komt het niet terug:"
    " .venv/bin/paraat pki revoke {point} --reason gewist --site {site}",
    "label.serial": "bord",
}
