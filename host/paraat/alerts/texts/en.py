"""English."""


def number(value: float) -> str:
    """One decimal below ten, none above."""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def days(value: float) -> str:
    """Whole days, none of them promised that is not there."""
    if value < 1:
        return "less than a day"
    return "1 day" if value < 2 else f"{int(value)} days"


# whose: (its name, how it is renewed)
OWN_CERTIFICATES = {
    "broker": ("the broker", "paraat pki renew broker"),
    "host": ("the host service", "paraat pki renew host"),
    "desk": ("the desk", "paraat pki renew desk"),
    "authority": ("the region itself", "a new CA, docs/pki.md"),
}

# key: (subject, body)
TEXTS = {
    "low_fuel.firing": (
        "Fuel runs out: {name}, {hours} h left",
        "Support point {name} ({municipality}) has fuel for about {hours} hours more "
        "(between {hours_low} and {hours_high}). The tank holds {percent} %, {litres} litres. Empty around {empty_at}.\n"
        "Do now: have fuel brought before {refuel_before}.\n"
        "Measured {data_t}. Alert {id}.",
    ),
    "low_fuel.level": (
        "Tank nearly empty: {name}, {percent} % left",
        "The tank of support point {name} ({municipality}) is {percent} % full, {litres} litres. "
        "How many hours that is, is not known.\n"
        "Do now: have fuel brought.\n"
        "Measured {data_t}. Alert {id}.",
    ),
    "low_fuel.standby": (
        "Top up the tank: {name}, {percent} % left",
        "The tank of support point {name} ({municipality}) is {percent} % full, {litres} litres. "
        "The mains are there, the generator is off.\n"
        "Do today: have the tank filled, so that the point is ready.\n"
        "Measured {data_t}. Alert {id}.",
    ),
    "low_fuel.resolved": (
        "Recovered: enough fuel, {name}",
        "Support point {name} ({municipality}) has enough fuel again: {percent} %, {litres} litres.\n"
        "Nothing to do. Measured {data_t}. Alert {id} of {fired_at}.",
    ),
    "fuel_loss.firing": (
        "Fuel falls while the generator is off: {name}",
        "At support point {name} ({municipality}) about {lost_l} litres have gone from the tank since {fell_at} while "
        "the generator is off. The tank may leak, or fuel was taken.\n"
        "Do now: have somebody look at the tank. If it smells of fuel or lies on the ground, call 112.\n"
        "Measured {data_t}. Alert {id}.",
    ),
    "fuel_loss.resolved": (
        "Fuel falls no longer: {name}",
        "At support point {name} ({municipality}) the fuel falls no longer; the tank is at {percent} %.\n"
        "Nothing to do. Measured {data_t}. Alert {id} of {fired_at}.",
    ),
    "point_silent.firing": (
        "No readings from {name} since {heard_at}",
        "Support point {name} ({municipality}) has sent no readings since {heard_at}. How it stands is not known.\n"
        "Do now: call the point or go and look, and check power and network of the telemetry box.\n"
        "Alert {id}.",
    ),
    "point_silent.never": (
        "No readings from {name} yet",
        "Support point {name} ({municipality}) has never sent a reading. How it stands is not known.\n"
        "Do now: ask whether the telemetry box is installed and has power and network.\n"
        "Alert {id}.",
    ),
    "point_silent.resolved": (
        "Recovered: readings from {name} again",
        "Support point {name} ({municipality}) sends readings again, the last of {heard_at}.\n"
        "Nothing to do; the status page shows how the point stands. Alert {id} of {fired_at}.",
    ),
    "help_asked.firing": (
        "Help asked for: {name}, at {asked_at}",
        "At emergency support point {name} ({municipality}) the help button was pressed at {asked_at}.\n"
        "Do now: contact the point and ask what is needed.\n"
        "Alert {id}.",
    ),
    "help_asked.resolved": (
        "Call for help over: {name}",
        "The call for help of emergency support point {name} ({municipality}) of {asked_at} was not repeated.\n"
        "If it is not known yet what was needed, ask all the same. Alert {id} of {fired_at}.",
    ),
    "own_certificate.firing": (
        "Certificate of {name} ends, {days} left",
        "The certificate of {name} at the coordination point is valid until {ends_at}. "
        "After that the connection with the support points does not work.\n"
        "Do before that day: have the administrator renew it ({renew}).\n"
        "Alert {id}.",
    ),
    "own_certificate.ended": (
        "Certificate of {name} has ended",
        "The certificate of {name} at the coordination point was valid until {ends_at}. "
        "The connection with the support points does not work any more once it is lost.\n"
        "Do now: have the administrator renew it ({renew}).\n"
        "Alert {id}.",
    ),
    "own_certificate.resolved": (
        "Recovered: {name} has a new certificate",
        "The certificate of {name} at the coordination point is valid until {ends_at}, {days} left.\n"
        "Nothing to do. Alert {id} of {fired_at}.",
    ),
    "certificate_expiry.firing": (
        "Certificate ends: {name}, {days} left",
        "The certificate of the telemetry box of support point {name} ({municipality}) is valid until {ends_at}. "
        "After that no readings of this point come in.\n"
        "Do before that day: have a technician set up the telemetry box again (make flash).\n"
        "Alert {id}.",
    ),
    "certificate_expiry.ended": (
        "Certificate has ended: {name}",
        "The certificate of the telemetry box of support point {name} ({municipality}) was valid until {ends_at}. "
        "No readings of this point come in once its connection is lost.\n"
        "Do now: have a technician set up the telemetry box again (make flash).\n"
        "Alert {id}.",
    ),
    "certificate_expiry.resolved": (
        "Recovered: {name} has a new certificate",
        "The telemetry box of support point {name} ({municipality}) has a certificate until {ends_at}, {days} left.\n"
        "Nothing to do. Alert {id} of {fired_at}.",
    ),
}
