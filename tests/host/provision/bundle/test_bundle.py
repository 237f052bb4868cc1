"""A bundle of the host's making, checked by the host and by the board's own code under MicroPython."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from paraat.provision.bundle import bundle
from paraat.provision.bundle.bundle import BundleError, Firmware
from paraat.simulate import boards
from paraat.site import paths
from paraat_wire import bundle as wire

MPY = b"M\x06\x00\x1f"
SMALL = Firmware("9.1", {"node/app.mpy": MPY + b"app", "drivers/x.mpy": MPY + b"x" * 5000}, b"# main\n")
LIMIT_BYTES = 120 * 1024


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    return bundle.compile_firmware()


def modulus(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_numbers().n.to_bytes(384, "big")


def test_the_same_input_gives_the_same_bytes(key: rsa.RSAPrivateKey, firmware: Firmware) -> None:
    data = bundle.make(firmware, 7, key)
    assert bundle.make(bundle.compile_firmware(), 7, key) == data
    info = bundle.read(data, modulus(key))
    assert (info.build, info.files, info.bytes) == (7, len(firmware.files), len(data))


def test_a_bundle_tells_whether_it_is_this_firmware(key: rsa.RSAPrivateKey, firmware: Firmware) -> None:
    data = bundle.make(firmware, 7, key)
    assert bundle.holds(data, firmware)
    assert not bundle.holds(
        data, firmware._replace(files=firmware.files | {"node/app.mpy": firmware.files["node/app.mpy"] + b"\0"})
    )


def test_the_firmware_fits(firmware: Firmware) -> None:
    size = sum(len(data) for data in firmware.files.values())
    assert size <= LIMIT_BYTES, f"{size} bytes"
    assert "node/app.mpy" in firmware.files
    assert "paraat_wire/bundle.mpy" in firmware.files
    assert all(wire.is_name(name) for name in firmware.files)


def test_a_slot_is_a_main_and_files_under_its_letter() -> None:
    slot = SMALL.slot("b", 3)
    assert set(slot) == {"main.py", "b/node/app.mpy", "b/drivers/x.mpy", "b/manifest.json"}
    manifest = json.loads(slot["b/manifest.json"])
    assert manifest["build"] == 3
    assert [row[0] for row in manifest["files"]] == ["drivers/x.mpy", "node/app.mpy"]
    assert bundle.slot_blocks(slot) == 1 + 2 + 1 + 1 + 2 * 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"X" + data[1:], "no bundle of Paraat"),
        (lambda data: data[:20] + b"!" + data[21:], "not signed by this site's key"),
        (lambda data: data[:-1] + b"!", "is not what the signed manifest says"),
        (lambda data: data[:-1], "and its manifest speaks of"),
        (lambda data: data[:10], "a manifest of"),
    ],
)
def test_what_was_tampered_with_is_refused(key: rsa.RSAPrivateKey, change, words: str) -> None:
    data = bundle.make(SMALL, 7, key)
    with pytest.raises(BundleError, match=words):
        bundle.read(change(data), modulus(key))


@pytest.mark.parametrize(
    ("files", "build", "words"),
    [
        ({"../main.mpy": MPY}, 1, "is no folder/file.mpy"),
        ({"node/app.mpy": MPY, "node/b.mpy": b"M\x05\x00\x1f"}, 1, "several .mpy versions"),
        ({"node/app.mpy": MPY}, 0, "build: found 0"),
        ({"node/app.mpy": MPY + b"x" * 70000}, 1, "at most 65536"),
        ({f"node/a{n}.mpy": MPY for n in range(90)}, 1, "a list of 1 to 80"),
    ],
)
def test_what_no_board_would_take_is_not_signed(
    key: rsa.RSAPrivateKey, files: dict[str, bytes], build: int, words: str
) -> None:
    with pytest.raises(BundleError, match=words):
        bundle.make(Firmware("1", files, b""), build, key)


def test_a_key_that_boards_cannot_check_is_refused() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(BundleError, match="RSA-2048"):
        bundle.make(SMALL, 1, small)


def flash(folder: Path, firmware: Firmware, key: rsa.RSAPrivateKey, build: int) -> None:
    for name, data in {**firmware.slot("a", build), "update.pub": modulus(key)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def install(folder: Path) -> dict[str, object]:
    """What a technician's laptop does over USB: the slot's own code installs /bundle.bin."""
    code = "import main; main.put_slot_on_path(); from node import update; update.install_file('bundle.bin')"
    run = subprocess.run(
        [str(boards.micropython()), *boards.heap_option(), "-c", code],
        cwd=folder, env={"MICROPYPATH": f":{paths.hal_dir()}:.frozen"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    outcome: dict[str, object] = json.loads(run.stdout.splitlines()[-1])["update"]
    return outcome


@pytest.mark.needs("micropython")
def test_a_board_installs_it_and_refuses_what_another_key_signed(
    tmp_path: Path, key: rsa.RSAPrivateKey, firmware: Firmware
) -> None:
    flash(tmp_path, firmware, key, 1)
    other = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    (tmp_path / "bundle.bin").write_bytes(bundle.make(firmware, 2, other))
    assert install(tmp_path) == {"error": "the signature is not that of this site's key (update.pub)"}
    (tmp_path / "bundle.bin").write_bytes(bundle.make(firmware, 2, key))
    assert install(tmp_path) == {"build": 2, "slot": "b"}
    for name, data in firmware.slot("b", 2).items():
        if name != "main.py":
            assert (tmp_path / name).read_bytes() == data
    assert json.loads((tmp_path / "slot.json").read_text())["trial"] == "b"
