"""What a command says may be cut off by who reads it: `paraat upkeep | head`."""

import os
import sys

import pytest

from paraat.cli.main import main
from paraat.site import paths


def test_who_reads_no_further_sees_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as out, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        code = main(["alerts", "rules", "--site", str(paths.example_site_dir())])
    assert code == 141, "as of who is ended by a pipe that is closed"
