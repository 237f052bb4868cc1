import time

import machine
import wiring
from bench import hardware, raises
from devices.ds3231 import DS3231 as Device
from drivers import SensorError, ds3231

BUSES = {"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}, "rtc": {"bus": "i2c0"}}
NOON = 1795521600  # 2026-11-24 12:00:00 UTC, a Tuesday


def mounted():
    device = Device()
    wiring.i2c[(22, 21)] = {0x68: device}
    return device, hardware(BUSES).battery_clock()


def registers(text):
    return bytearray(bytes.fromhex(text))


def test_the_registers_of_the_makers_table():
    # 19-5170, figure 1: seconds, minutes, hours, day, date, month, year in BCD; 0 to 6, or 7, 1 to 7.
    assert ds3231.to_registers(NOON) == registers("00001202241126")
    assert ds3231.to_unix_s(registers("00001202241126")) == NOON
    assert ds3231.to_unix_s(registers("59592306311299")) == 4102444799  # 2099-12-31 23:59:59


def test_twelve_hours_are_understood():
    # 19-5170, figure 1, register 02h: bit 6 is 12 hours, bit 5 is PM.
    midnight = NOON - 43200
    for raw, hour in (("52", 0), ("41", 1), ("51", 11), ("72", 12), ("61", 13), ("71", 23)):
        assert ds3231.to_unix_s(registers("0000" + raw + "02241126")) == midnight + hour * 3600, raw


def test_the_century_bit_says_nothing():
    # Some programs set it for 20xx (RTClib#71); a chip toggles it from 99 to 00. All is of this century.
    assert ds3231.to_unix_s(registers("09051405209126")) == 1795183509  # 2026-11-20 14:05:09
    assert ds3231.to_unix_s(registers("09051405201126")) == 1795183509
    assert ds3231.to_unix_s(registers("00000004010100")) == ds3231.to_unix_s(registers("00000004018100")) == 946684800
    assert ds3231.to_registers(4102444799)[5:] == registers("1299")
    for wrong in (946684799, 4102444800):
        assert "2000 to 2099" in str(raises(ValueError, ds3231.to_registers, wrong))


def test_every_day_of_the_century_comes_back():
    for days in range(10957, 47482):
        assert ds3231.day_number(*ds3231.date(days)) == days
    assert ds3231.date(10957) == (2000, 1, 1)
    assert ds3231.date(11016) == (2000, 2, 29)
    assert ds3231.date(47481) == (2099, 12, 31)


def test_what_is_no_date_is_refused():
    for raw in ("6a001202241126", "60001202241126", "00601202241126", "00002402241126", "00004002241126",
                "00001202001126", "00001202311126", "00001202290226", "00001202241326", "00001202240026",
                "000012022411fa", "ffffffffffffff"):  # fmt: skip
        raises(ValueError, ds3231.to_unix_s, registers(raw))


def test_a_new_clock_is_not_believed_until_it_was_set():
    device, clock = mounted()
    error = raises(SensorError, clock.read)
    assert error.code == "stopped"
    assert "stood still" in str(error)
    clock.write(NOON)
    time.sleep(90)
    assert clock.read() == NOON + 90
    device.stop()
    assert "stood still" in str(raises(SensorError, clock.read))


def test_setting_leaves_the_other_flags_as_they_are():
    device, clock = mounted()
    assert device.registers[0x0F] == 0x88  # stopped; 32 kHz output on
    device.registers[0x0F] |= 0x01  # an alarm
    clock.write(NOON)
    assert device.registers[0x0F] == 0x09


def test_it_keeps_the_time_over_midnight_new_year_and_a_leap_day():
    _, clock = mounted()
    for start in (1830297599, 1835395199, 4070908799):  # the last second of 2027, of 2028-02-28, of 2098
        clock.write(start)
        time.sleep(1)
        assert clock.read() == start + 1, start


def test_a_clock_that_another_program_set_to_12_hours_keeps_the_time():
    device, clock = mounted()
    clock.write(NOON)
    device.write(0x02, b"\x72")  # 12 in the afternoon
    for _ in range(26):
        time.sleep(3600)
    assert clock.read() == NOON + 26 * 3600
    assert device.registers[2] == 0x62
    clock.write(NOON)
    assert device.registers[2] == 0x12


def test_one_that_was_told_to_stand_still_on_its_battery_goes_on_over_a_blackout():
    # ErriezDS3231#6: EOSC.
    device, clock = mounted()
    clock.write(NOON)
    device.registers[0x0E] = 0x9C
    device.blackout(3600)
    error = raises(SensorError, clock.read)
    assert error.code == "stopped"
    assert "EOSC" in str(error)
    assert device.registers[0x0E] == 0x1C
    clock.write(NOON)
    device.blackout(3600)
    assert clock.read() == NOON + 3600
    assert device.registers[0x0E] == 0x1C


def test_one_that_stood_still_for_another_reason_does_not_hear_of_it():
    _, clock = mounted()
    assert "never set, or its battery is empty" in str(raises(SensorError, clock.read))


def test_a_control_register_that_stays_as_it_is_is_told():
    device, clock = mounted()
    device.registers[0x0E] = 0x9C
    device.write = lambda register, data: None
    assert raises(SensorError, clock.read).code == "bus"


def test_the_conversion_that_another_program_began_is_none_of_ours():
    device, clock = mounted()
    device.registers[0x0E] = 0x3C
    clock.write(NOON)
    assert device.registers[0x0E] == 0x1C


def test_a_damaged_date_is_no_time():
    device, clock = mounted()
    clock.write(NOON)
    device.registers[4] = 0x32
    assert "no date" in str(raises(SensorError, clock.read))


def test_no_answer_on_the_bus_is_an_oserror():
    device, clock = mounted()
    device.nack = True
    raises(OSError, clock.read)
    raises(OSError, clock.write, NOON)


def test_a_write_that_breaks_off_leaves_the_clock_distrusted():
    device, clock = mounted()
    write = device.write

    def cut(register, data):
        write(register, data)
        device.nack = True

    device.write = cut
    raises(OSError, clock.write, NOON)
    device.nack = False
    raises(SensorError, clock.read)


def test_a_board_without_one_has_none():
    assert hardware({}).battery_clock() is None


def test_the_node_takes_its_time_from_it_and_sets_it():
    from node.clock import Clock

    _, battery = mounted()
    clock = Clock(battery=battery)
    assert clock.source == "none"
    clock.set_from_host(NOON)
    time.sleep(3600)
    assert battery.read() == NOON + 3600
    machine.RTC().memory(b"")  # a power cut
    clock = Clock(battery=battery)
    assert (clock.source, clock.now()) == ("rtc", (NOON + 3600, True))
