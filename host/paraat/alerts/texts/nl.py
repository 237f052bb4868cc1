"""Dutch."""


def number(value: float) -> str:
    """One decimal below ten, none above; a comma."""
    return f"{value:.1f}".replace(".", ",") if value < 10 else f"{value:.0f}"


def days(value: float) -> str:
    """Whole days, none of them promised that is not there."""
    if value < 1:
        return "minder dan een dag"
    return "1 dag" if value < 2 else f"{int(value)} dagen"


# whose: (its name, how it is renewed)
OWN_CERTIFICATES = {
    "broker": ("de broker", "paraat pki renew broker"),
    "host": ("de hostdienst", "paraat pki renew host"),
    "desk": ("de bediening", "paraat pki renew desk"),
    "authority": ("de regio zelf", "een nieuwe CA, docs/pki.md"),
}

# key: (subject, body)
TEXTS = {
    "low_fuel.firing": (
        "Brandstof raakt op: {name}, nog {hours} uur",
        "Noodsteunpunt {name} ({municipality}) heeft brandstof voor nog ongeveer {hours} uur "
        "(tussen {hours_low} en {hours_high} uur). In de tank zit {percent} %, {litres} liter. Leeg rond {empty_at}.\n"
        "Doe nu: laat brandstof brengen vóór {refuel_before}.\n"
        "Meting van {data_t}. Melding {id}.",
    ),
    "low_fuel.level": (
        "Tank bijna leeg: {name}, nog {percent} %",
        "De tank van noodsteunpunt {name} ({municipality}) is voor {percent} % vol, {litres} liter. "
        "Hoeveel uur dat is, is onbekend.\n"
        "Doe nu: laat brandstof brengen.\n"
        "Meting van {data_t}. Melding {id}.",
    ),
    "low_fuel.standby": (
        "Tank bijvullen: {name}, nog {percent} %",
        "De tank van noodsteunpunt {name} ({municipality}) is voor {percent} % vol, {litres} liter. "
        "Er is netstroom, het aggregaat staat uit.\n"
        "Doe vandaag: laat de tank bijvullen, zodat het punt gereed is.\n"
        "Meting van {data_t}. Melding {id}.",
    ),
    "low_fuel.resolved": (
        "Hersteld: genoeg brandstof, {name}",
        "Noodsteunpunt {name} ({municipality}) heeft weer genoeg brandstof: {percent} %, {litres} liter.\n"
        "U hoeft niets te doen. Meting van {data_t}. Melding {id} van {fired_at}.",
    ),
    "fuel_loss.firing": (
        "Brandstof daalt terwijl het aggregaat uit staat: {name}",
        "Bij noodsteunpunt {name} ({municipality}) is sinds {fell_at} ongeveer {lost_l} liter uit de tank verdwenen "
        "terwijl het aggregaat uit staat. Misschien lekt de tank, of is er brandstof weggenomen.\n"
        "Doe nu: laat iemand bij de tank gaan kijken. Ruikt het naar brandstof of ligt er iets op de grond, bel dan 112.\n"
        "Meting van {data_t}. Melding {id}.",
    ),
    "fuel_loss.resolved": (
        "Brandstof daalt niet meer: {name}",
        "Bij noodsteunpunt {name} ({municipality}) daalt de brandstof niet meer; in de tank zit {percent} %.\n"
        "U hoeft niets te doen. Meting van {data_t}. Melding {id} van {fired_at}.",
    ),
    "point_silent.firing": (
        "Geen metingen van {name} sinds {heard_at}",
        "Noodsteunpunt {name} ({municipality}) stuurt sinds {heard_at} geen metingen. "
        "Hoe het punt ervoor staat, is onbekend.\n"
        "Doe nu: bel het punt of ga kijken, en controleer stroom en netwerk van de meetkast.\n"
        "Melding {id}.",
    ),
    "point_silent.never": (
        "Nog nooit metingen van {name}",
        "Noodsteunpunt {name} ({municipality}) heeft nog nooit metingen gestuurd. "
        "Hoe het punt ervoor staat, is onbekend.\n"
        "Doe nu: vraag of de meetkast hangt en stroom en netwerk heeft.\n"
        "Melding {id}.",
    ),
    "point_silent.resolved": (
        "Hersteld: {name} meldt zich weer",
        "Noodsteunpunt {name} ({municipality}) stuurt weer metingen, de laatste van {heard_at}.\n"
        "U hoeft niets te doen; kijk op de statuspagina hoe het punt ervoor staat. Melding {id} van {fired_at}.",
    ),
    "help_asked.firing": (
        "Hulp gevraagd: {name}, om {asked_at}",
        "Bij noodsteunpunt {name} ({municipality}) is om {asked_at} op de hulpknop gedrukt.\n"
        "Doe nu: neem contact op met het punt en vraag wat er nodig is.\n"
        "Melding {id}.",
    ),
    "help_asked.resolved": (
        "Hulpvraag voorbij: {name}",
        "De hulpvraag van noodsteunpunt {name} ({municipality}) van {asked_at} is niet herhaald.\n"
        "Is nog niet bekend wat er nodig was, vraag het dan alsnog. Melding {id} van {fired_at}.",
    ),
    "own_certificate.firing": (
        "Certificaat van {name} verloopt, nog {days}",
        "Het certificaat van {name} op het coördinatiepunt is geldig tot {ends_at}. "
        "Daarna werkt de verbinding met de noodsteunpunten niet meer.\n"
        "Doe vóór die dag: laat de beheerder het vernieuwen ({renew}).\n"
        "Melding {id}.",
    ),
    "own_certificate.ended": (
        "Certificaat van {name} is verlopen",
        "Het certificaat van {name} op het coördinatiepunt was geldig tot {ends_at}. "
        "De verbinding met de noodsteunpunten werkt niet meer zodra zij één keer wegvalt.\n"
        "Doe nu: laat de beheerder het vernieuwen ({renew}).\n"
        "Melding {id}.",
    ),
    "own_certificate.resolved": (
        "Hersteld: {name} heeft een nieuw certificaat",
        "Het certificaat van {name} op het coördinatiepunt is geldig tot {ends_at}, nog {days}.\n"
        "U hoeft niets te doen. Melding {id} van {fired_at}.",
    ),
    "certificate_expiry.firing": (
        "Certificaat verloopt: {name}, nog {days}",
        "Het certificaat van de meetkast van noodsteunpunt {name} ({municipality}) is geldig tot {ends_at}. "
        "Daarna komen er geen metingen van dit punt meer binnen.\n"
        "Doe vóór die dag: laat een technicus de meetkast opnieuw instellen (make flash).\n"
        "Melding {id}.",
    ),
    "certificate_expiry.ended": (
        "Certificaat is verlopen: {name}",
        "Het certificaat van de meetkast van noodsteunpunt {name} ({municipality}) was geldig tot {ends_at}. "
        "Er komen geen metingen van dit punt meer binnen zodra de verbinding één keer wegvalt.\n"
        "Doe nu: laat een technicus de meetkast opnieuw instellen (make flash).\n"
        "Melding {id}.",
    ),
    "certificate_expiry.resolved": (
        "Hersteld: {name} heeft een nieuw certificaat",
        "De meetkast van noodsteunpunt {name} ({municipality}) heeft een certificaat tot {ends_at}, nog {days}.\n"
        "U hoeft niets te doen. Melding {id} van {fired_at}.",
    ),
}
