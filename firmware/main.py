"""What MicroPython starts at power-on."""

import asyncio

from node import app

asyncio.run(app.main())
