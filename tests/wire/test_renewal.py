from paraat_wire import renewal


def a_certificate(serial):
    inner = b"\xa0\x03\x02\x01\x02\x02" + bytes((len(serial),)) + serial + b"the rest"
    signed = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner
    return b"\x30\x82" + len(signed).to_bytes(2, "big") + signed


def refused(call, *args):
    try:
        call(*args)
    except renewal.RenewalError as error:
        return str(error)
    raise AssertionError("taken")


def test_certificates_that_stand_one_after_the_other():
    one, two = a_certificate(b"\x01"), a_certificate(b"\x02")
    assert renewal.split(one) == [one]
    assert renewal.split(memoryview(one + two)) == [one, two]
    for data in (b"", one[:-1], one + b"\x30", b"-----BEGIN CERTIFICATE-----", b"\x30\x03abc", one + b"\0"):
        assert "certificate" in refused(renewal.split, data), data


def test_a_serial_number_reads_as_in_the_sites_list():
    assert renewal.serial(a_certificate(b"\x0a\x00\x01")) == "0A0001"
    assert renewal.serial(a_certificate(b"\x00\xff\x01")) == "FF01"
    assert len(renewal.serial(a_certificate(b"\x11" * 20))) == 40
    for data in (b"", b"\x30\x82\x00\x00", a_certificate(b"\x01")[4:]):
        refused(renewal.serial, data)


def test_what_is_signed_says_for_whom_and_what():
    signed = {
        renewal.request("nsp-0101", b"key"),
        renewal.request("nsp-0102", b"key"),
        renewal.statement("nsp-0101", b"key", b""),
        renewal.statement("nsp-0101", b"cert", b"ca"),
    }
    assert len(signed) == 4
