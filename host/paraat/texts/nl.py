"""Nederlands."""

from paraat.texts import errors_nl, flashing_nl

# code: (wat er gevonden is, wat de technicus nu doet)
TABLE = {
    **flashing_nl.TABLE,
    **errors_nl.TABLE,
    "doctor.unreadable": (
        "Niet te lezen: {error}",
        "Is dat bestand van u? sudo chown {user} het bestand, of werk als de gebruiker van wie het is",
    ),
    "python.old": (
        "Python {version} is te oud",
        "Installeer Python 3.11 of nieuwer; daarna: make PYTHON=python3.11 tools",
    ),
    "python.packages": ("Er ontbreken pakketten: {missing}", "make tools"),
    "python.fine": ("Python {version}, alle pakketten zijn er", ""),
    "disk.full": ("Nog maar {free_mb} MB vrij op {path}", "Maak ruimte: er is {wanted_mb} MB nodig"),
    "disk.fine": ("{free_mb} MB vrij", ""),
    "site.missing": (
        "De map {site} met de gegevens van de regio is er niet",
        "Haal hem op bij het coördinatiepunt, of begin: cp -r deploy/site.example {site}. Een andere map: SITE=...",
    ),
    "site.wrong": ("{error}", "Verbeter het bestand; daarna: .venv/bin/paraat check --site {site}"),
    "site.unknown-point": ("Punt {point} bestaat niet in deze regio", "Kijk de naam na; er zijn: {known}"),
    "site.fine": ("{region}, {points} punten, in orde", ""),
    "secrets.mode": ("Anderen kunnen {path} lezen (rechten {mode})", "chmod 600 {path}"),
    "secrets.fine": ("Alleen u kunt de geheime bestanden lezen", ""),
    "flashing.image": (
        "Geen MicroPython voor {board}",
        "make bundle waar internet is, of zet {file} van micropython.org in {site}/firmware",
    ),
    "flashing.wrong-image": (
        "De MicroPython voor {board} klopt niet: {error}",
        "Haal dat bestand uit {site}/firmware; dan make bundle waar internet is, of zet {file} daar neer",
    ),
    "flashing.memory": ("{error}", "Het gaat om: {points}"),
    "flashing.wifi": ("{error}", "Haal {path} op bij het coördinatiepunt, of verbeter het; daarna: chmod 600 {path}"),
    "flashing.fine": ("MicroPython ({builds}) en wifi voor de borden zijn er", ""),
    "authority.missing": (
        "De sleutelmap van de regio is er niet: {path}",
        "Haal {site}/pki op bij het coördinatiepunt. Nieuwe regio: .venv/bin/paraat pki init --site {site}",
    ),
    "authority.unreadable": ("{path} is geen certificaat", "Zet het terug uit de laatste kopie van de map"),
    "authority.expired": (
        "Het hoofdcertificaat is verlopen op {until}",
        "Flashen kan niet meer. Bel het coördinatiepunt: er moet een nieuw hoofdcertificaat komen",
    ),
    "authority.expires": ("Het hoofdcertificaat verloopt op {until}", "Meld het nu aan het coördinatiepunt"),
    "authority.fine": ("Het hoofdcertificaat is geldig tot {until}", ""),
    "authority.no-key": (
        "De sleutel van de regio ({path}) is niet op deze laptop",
        "Voor verify, console en logs is dat goed; om te flashen is hij nodig",
    ),
    "authority.open-key": (
        "De sleutel van de regio is niet versleuteld: {path}",
        "Gebruik deze laptop niet. Bel het coördinatiepunt: de sleutel moet opnieuw gemaakt worden",
    ),
    "certificates.inventory": ("{error}", "Zet de map terug uit de laatste kopie"),
    "certificates.board-expired": (
        "Het certificaat van punt {name} is verlopen op {until}",
        "Sluit het bord aan: make flash POINT={name}",
    ),
    "certificates.board-expires": (
        "Het certificaat van punt {name} verloopt op {until}",
        "Voor die dag: make flash POINT={name}",
    ),
    "certificates.expired": ("Het certificaat van {name} ({kind}) is verlopen op {until}", "Bel het coördinatiepunt"),
    "certificates.expires": (
        "Het certificaat van {name} ({kind}) verloopt op {until}",
        "Meld het aan het coördinatiepunt",
    ),
    "certificates.board-pending": (
        "Een bord voor punt {name} is niet afgemaakt, en zijn certificaat {serial} geldt nog",
        "make flash POINT={name}; of trek het in: .venv/bin/paraat pki revoke {serial} --reason mislukt --site {site}",
    ),
    "certificates.pending": (
        "Het nieuwe certificaat van {name} ({kind}) is niet afgemaakt",
        ".venv/bin/paraat pki renew {kind} --site {site}",
    ),
    "certificates.fine": ("Geen certificaat verloopt binnen {days} dagen", ""),
    "clock.before-software": (
        "De klok van de laptop staat op {now}, dat is vóór deze software ({then})",
        'Zet hem goed: sudo timedatectl set-ntp true; zonder internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.before-authority": (
        "De klok van de laptop staat op {now}, dat is vóór het hoofdcertificaat ({then})",
        'Zet hem goed: sudo timedatectl set-ntp true; zonder internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.ahead": (
        "De klok van de laptop loopt {off_s} s voor op {host}",
        'sudo timedatectl set-ntp true; zonder internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.behind": (
        "De klok van de laptop loopt {off_s} s achter op {host}",
        'sudo timedatectl set-ntp true; zonder internet: sudo date -s "2026-11-24 14:30"',
    ),
    "clock.not-compared": ("De klok staat op {now}; er was niets om mee te vergelijken", "Kijk zelf of dat klopt"),
    "clock.fine": ("De klok loopt gelijk met {host} (verschil {off_s} s)", ""),
    "broker.loopback": (
        "De borden zoeken de broker op {host}: dat is het bord zelf",
        "Zet [broker] boards_host in {site}/site.toml op de naam of het adres van het CP",
    ),
    "broker.site-plain": (
        "De borden spreken TLS, en [broker] in {site}/site.toml zegt poort {port} zonder TLS",
        'Zet onder [broker] in {site}/site.toml: port = 8883, ca_file = "pki/ca.crt", cert_file = "pki/host.crt",'
        ' key_file = "pki/host.key"',
    ),
    "broker.name": (
        "De naam {host} is hier niet bekend ({detail})",
        "Zit de laptop op het net van het CP? Klopt [broker] host in {site}/site.toml?",
    ),
    "broker.silent": (
        "{host}:{port} antwoordt niet",
        "Zit de laptop op het net van het CP? Kijk kabel en firewall na; daarna: ping {host}",
    ),
    "broker.refused": (
        "{host} is er, maar op poort {port} luistert niets",
        "Op de machine van het CP: sudo systemctl status mosquitto",
    ),
    "broker.network": ("{host}:{port} is niet te bereiken ({detail})", "Sluit de laptop aan op het net van het CP"),
    "broker.no-tls": (
        "{host}:{port} spreekt geen TLS",
        "Klopt [broker] port in {site}/site.toml? 8883 is met TLS, 1883 zonder",
    ),
    "broker.authority": (
        "De broker heeft een certificaat van een ander ({detail})",
        "Is {site}/pki van deze regio? Zo ja: bel het CP, dit kan een vreemde machine zijn",
    ),
    "broker.expired": (
        "Het certificaat van de broker geldt vandaag niet ({detail})",
        "Kijk eerst de klok van de laptop na. Klopt die: bel het CP",
    ),
    "broker.wrong-name": (
        "Het certificaat van de broker is niet voor {host} ({detail})",
        "Gebruik in [broker] host de naam uit het certificaat, of laat het CP een nieuw maken",
    ),
    "broker.tls": ("TLS met {host}:{port} mislukt ({detail})", "Kijk op het CP: sudo journalctl -u mosquitto"),
    "broker.tls-fine": ("{host}:{port} antwoordt, en het is de broker van deze regio", ""),
    "broker.plain-fine": (
        "{host}:{port} antwoordt, zonder TLS",
        "Voor borden is TLS nodig: .venv/bin/paraat pki init --site {site}",
    ),
    "usb.none": ("Deze machine laat geen USB zien (een container of virtuele machine?)", "Werk op de laptop zelf"),
    "usb.nothing": (
        "Er is geen bord aangesloten",
        "Sluit een bord aan met een USB-kabel die ook data draagt (een laadkabel doet dat niet)",
    ),
    "usb.no-port": ("{port} bestaat niet", "Laat PORT= weg, dan wordt het bord gezocht"),
    "usb.hub": (
        "{device} hangt aan een USB-hub zonder eigen voeding",
        "Steek het bord direct in de laptop, of geef de hub een adapter",
    ),
    "usb.over-current": (
        "De USB-poort van {device} is {times} keer uitgeschakeld door te veel stroom",
        "Haal sensoren los en gebruik een andere poort; zoek de kortsluiting",
    ),
    "usb.no-driver": (
        "Er is een bord ({bridge}, USB {place}), maar het kreeg geen poort: het stuurprogramma ontbreekt",
        "sudo modprobe {module}; helpt dat niet: sudo apt install linux-modules-extra-$(uname -r)",
    ),
    "usb.no-driver-ch34": (
        "Er is een bord ({bridge}, USB {place}), maar het kreeg geen poort",
        "sudo modprobe ch341; verdwijnt de poort weer: sudo apt remove brltty, en steek het bord opnieuw in",
    ),
    "usb.permission": (
        "U mag {device} niet gebruiken",
        "sudo usermod -aG {group} {user}; daarna uitloggen en weer inloggen",
    ),
    "usb.log-in-again": (
        "U mag {device} nog niet gebruiken: u bent pas lid gemaakt van {group}",
        "Log uit en weer in",
    ),
    "usb.busy": ("{device} is bezet door {program} (proces {pid})", "Sluit dat programma, of: kill {pid}"),
    "usb.modem-manager": (
        "{device} is bezet door ModemManager (proces {pid}), dat elk nieuw apparaat uitprobeert",
        "Wacht een halve minuut, of: sudo systemctl stop ModemManager",
    ),
    "usb.locked": (
        "{device} is op slot gezet: {path}",
        "Sluit het programma dat de poort gebruikt; wis dan dat bestand",
    ),
    "usb.no-answer": (
        "De chip achter {device} antwoordt niet ({error})",
        "Houd BOOT ingedrukt, druk kort op EN, laat BOOT los; doe het dan opnieuw. Anders: andere kabel",
    ),
    "usb.wrong-chip": (
        "Op {device} zit een {chip}, maar punt {point} heeft een {board} ({wanted})",
        "Pak het goede bord, of verbeter [board] type in points/{point}.toml",
    ),
    "usb.little-psram": (
        "De chip op {device} heeft {psram} MB PSRAM, maar het {board} van punt {point} heeft {least}",
        "Pak het goede bord: de naam van de module eindigt op R8; of verbeter [board] type in points/{point}.toml",
    ),
    "usb.chip-fine": ("{device}: {chip}, dat is goed voor punt {point}; MicroPython: {build}", ""),
    "usb.fine": ("{device} ({bridge}) is vrij", ""),
    "console.brownout": (
        "Het bord op {device} krijgt te weinig spanning (brown-out)",
        "Andere USB-poort, kortere kabel, hub met eigen voeding; haal sensoren los",
    ),
    "console.empty": ("Op het bord op {device} staat nog niets", "make flash POINT=..."),
    "console.download": (
        "Het bord op {device} wacht op een nieuw programma: BOOT is ingedrukt of IO0 ligt aan massa",
        "Laat BOOT los en druk op EN; blijft het zo, kijk of er iets aan IO0 hangt",
    ),
    "console.crash": (
        "Het bord op {device} is vastgelopen",
        "make logs, bewaar de regels; daarna: make flash POINT=...",
    ),
    "console.watchdog": (
        "Het bord op {device} is door zijn waakhond herstart",
        "make logs, en kijk wat er de laatste twee minuten stond",
    ),
    "console.memory": (
        "Het bord op {device} heeft te weinig geheugen",
        "Druk op EN. Komt het terug: neem een bord met meer geheugen (boards/README.md), bewaar de regels van make logs en meld het",
    ),
    "console.silent": ("Het bord op {device} zegt niets", "Druk op EN; blijft het stil: make flash POINT=..."),
    "console.fine": ("Het bord op {device} draait", ""),
    # paraat verify
    "verify.point-fine": ("Dit is het bord van {point}", ""),
    "verify.point-other": (
        "Dit is het bord van {found}, niet van {point}",
        "Pak het bord met het label {point}, of kijk dit bord na: make verify POINT={found}",
    ),
    "verify.point-none": ("Op dit bord staat geen Paraat", "make flash POINT={point}"),
    "verify.board-fine": ("Bord {label} ({found}), zoals in de lijst", ""),
    "verify.board-other": (
        "Dit is bord {found}; in de lijst staat voor {point} bord {label} ({expected})",
        "Is het oude bord vervangen? make replace POINT={point}. Zo niet: pak het goede bord",
    ),
    "verify.board-unknown": ("Er staat geen bord voor {point} in de lijst", "make flash POINT={point}"),
    "verify.certificate-fine": ("Certificaat {serial}, geldig tot {until}", ""),
    "verify.certificate-other": (
        "Certificaat {serial} is niet dat van {point} in de lijst",
        "make flash POINT={point}",
    ),
    "verify.certificate-revoked": (
        "Certificaat {serial} is ingetrokken: de broker weigert dit bord",
        "make flash POINT={point}, of leg dit bord weg als er al een ander hangt",
    ),
    "verify.certificate-none": ("Er staat geen certificaat op het bord", "make flash POINT={point}"),
    "verify.authority-fine": ("Het bord kent de broker van deze regio", ""),
    "verify.authority-other": (
        "Het bord vertrouwt een andere regio",
        "Is SITE= de goede map? Zo ja: make flash POINT=... van dit punt",
    ),
    "verify.update-key-fine": ("Het bord neemt alleen updates van deze regio aan", ""),
    "verify.update-key-other": (
        "Het bord heeft de sleutel van een andere regio voor updates",
        "Is SITE= de goede map? Zo ja: make flash POINT=... van dit punt",
    ),
    "verify.firmware-fine": ("Firmware {version} van {built} UTC in slot {slot}, elk bestand heel", ""),
    "verify.firmware-damaged": ("Beschadigd in slot {slot}: {files}", "make update POINT={point}, anders make flash"),
    "verify.firmware-differs": (
        "{n} bestanden zijn anders dan in deze software: {files}",
        "Nieuwer op deze laptop? make update POINT={point}",
    ),
    "verify.firmware-none": ("Er staat geen hele firmware op het bord", "make flash POINT={point}"),
    "verify.micropython-fine": ("MicroPython {found}", ""),
    "verify.micropython-other": (
        "MicroPython {found}; geschreven was {expected}",
        "Iemand heeft dit bord anders geschreven: make flash POINT={point}",
    ),
    "verify.config-fine": ("Instellingen versie {version}, gelijk aan de bestanden van de regio", ""),
    "verify.config-other": (
        "Instellingen die anders zijn dan in de bestanden van de regio: {keys}",
        "make flash POINT={point}; een bord dat verbonden is krijgt ze vanzelf van het CP",
    ),
}

SETTINGS = errors_nl.SETTINGS

SAY = {
    **flashing_nl.SAY,
    "doctor.columns": "Wat|Oordeel|Gevonden",
    "levels": "v goed|i ter info|! let op|X fout",
    "check.python": "Python",
    "check.disk": "Schijf",
    "check.site": "Regio",
    "check.secrets": "Geheimen",
    "check.authority": "Hoofdcertificaat",
    "check.certificates": "Certificaten",
    "check.clock": "Klok",
    "check.flashing": "Om te flashen",
    "check.broker": "Broker",
    "check.usb": "Bord (USB)",
    "doctor.title": "Paraat: is deze laptop klaar voor werk?",
    "doctor.fine": "Niets mis.",
    "doctor.wrong": "{n} fout(en). Doe dit, en daarna nog eens: make doctor",
    "check.point": "Punt",
    "check.board": "Bord",
    "check.certificate": "Certificaat",
    "check.update-key": "Updates",
    "check.firmware": "Firmware",
    "check.micropython": "MicroPython",
    "check.config": "Instellingen",
    "verify.title": "Bord op {port}: klopt het met punt {point}?",
    "verify.fine": "Alles klopt. Het bord is weer gestart.",
    "verify.wrong": "{n} fout(en). Het bord is weer gestart. Doe dit:",
    "identify.usb": "De lamp van het bord op {port} knippert {seconds} s. Daarna start het bord weer.",
    "update.copy": "{path} ({size} bytes) naar het bord op {port} ...",
    "update.done": "Nieuwe firmware van {built} UTC staat in slot {slot}. Het bord probeert die nu; bereikt hij het CP niet, dan komt de oude vanzelf terug.",
    "bundle.begin": "De map voor een dag zonder internet wordt gemaakt ...",
    "bundle.image": "MicroPython voor {board}: {file}, controlegetal klopt ({source})",
    "bundle.first-seen": "MicroPython voor {board}: {file} uit {source}. Niemand kende het controlegetal; vanaf nu geldt {sha256}",
    "bundle.uncommitted": "Let op: {n} gewijzigde bestanden zijn niet vastgelegd en gaan niet mee; de map heeft versie {commit}",
    "bundle.keys": "De sleutel van de regio gaat mee, versleuteld. Behandel deze map als een sleutelbos: alleen op een versleutelde schijf, en wis hem na de dag.",
    "bundle.no-keys": "Zonder de sleutel van de regio en het wifi-wachtwoord: verify, console en logs werken, flash niet.",
    "bundle.done": "{folder}: {total} MB (pakketten {wheels}, MicroPython {images}, regio {site}, software {software}). Daar: make tools, daarna make doctor.",
    "points.kept": "Bewaard voor {point}, op naam van {by}. De statuspagina laat het zien.",
    "points.no-service": "de dienst draait niet; dit is de stand van het journaal. Start hem: paraat serve --site {site}",
    "alerts.acknowledged": "Melding {id}: gezien door {by}. Dat staat nu ook op de statuspagina.",
    "alerts.not-firing": "Er is geen melding {id} die nu geldt. Kijk welke er wel zijn: paraat alerts list --site {site}",
    "console.how": "Console van {port}. Ctrl-C onderbreekt het programma van het bord, Ctrl-] gaat eruit.",
    "logs.how": "Console van {port}, ook bewaard in {path}. Ctrl-C stopt.",
}
