"""What a field of a table may hold, and what a table is: of the records that a site's files are read into."""

from typing import Annotated

import msgspec
from msgspec import Meta

# TOML knows inf and nan. These types refuse both: a hold of inf would never let an alert fire.
Positive = Annotated[float, Meta(gt=0, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Celsius = Annotated[float, Meta(ge=-40, le=85)]
Capacity = Annotated[int, Meta(ge=1, le=5000)]  # people
Count = Annotated[int, Meta(ge=1, le=10_000)]
Bytes = Annotated[int, Meta(ge=0, le=2**30)]
Port = Annotated[int, Meta(ge=1, le=65535)]
# No table of tanks goes beyond what the metrics fuel/litres and fuel/burn hold; and a rate near 0 would put the moment
# at which a tank is empty behind the year 9999, where no date can be shown.
TankLitres = Annotated[float, Meta(gt=0, le=100_000)]
LitresPerHour = Annotated[float, Meta(ge=0.05, le=10_000)]
# \Z and not $, which lets a line end behind it: a name goes into the subject of a mail.
LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*\Z"
HTTP_URL = r"^https?://[^\s/]+(/\S*)?\Z"
EMAIL_ADDRESS = r"^[^@\s]+@[^@\s]+\Z"
PHONE_NUMBER = r"^\+[1-9][0-9]{7,14}\Z"
DIALLED = r"^\+?[0-9][0-9 -]{1,16}[0-9]\Z"  # as people write it to dial it
HOST_NAME = r"^[a-z0-9][a-z0-9-]{1,30}\Z"
Text = Annotated[str, Meta(pattern=LINE)]
HttpUrl = Annotated[str, Meta(pattern=HTTP_URL)]
EmailAddress = Annotated[str, Meta(pattern=EMAIL_ADDRESS)]
PhoneNumber = Annotated[str, Meta(pattern=PHONE_NUMBER)]
Dialled = Annotated[str, Meta(pattern=DIALLED)]
HostName = Annotated[str, Meta(pattern=HOST_NAME)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a site's or a board's file: an unknown key is an error."""
