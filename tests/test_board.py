"""What boards tell of themselves, on copies of what their kernels show."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import board


def shown(folder: Path, files: dict[str, str]) -> Path:
    """As the kernel would, in a folder of the test's own."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def zones(folder: Path, *told: tuple[str, str]) -> Path:
    """told: of each zone its type, and what it says."""
    for number, (kind, said) in enumerate(told):
        shown(folder / f"class/thermal/thermal_zone{number}", {"type": f"{kind}\n", "temp": f"{said}\n"})
    return folder


PI_4 = "devices/platform/soc/soc:firmware/get_throttled"
PI_5 = "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


class TestTemperature:
    def test_the_hottest_zone_counts(self, tmp_path: Path):
        assert board.temperature_c(zones(tmp_path, ("cpu-thermal", "41500"), ("tj-thermal", "52250"))) == 52.25

    @pytest.mark.parametrize(
        "odd", [("cv0-thermal", "-256000"), ("PMIC-Die", "100000"), ("cv1-thermal", ""), ("broken", "999000")]
    )
    def test_what_cannot_be_is_left_out(self, tmp_path: Path, odd: tuple[str, str]):
        assert board.temperature_c(zones(tmp_path, odd, ("CPU-therm", "-3500"))) == -3.5
        assert board.temperature_c(zones(tmp_path / "alone", odd)) is None

    def test_a_zone_that_cannot_be_read(self, tmp_path: Path):
        """Of a part without power, for example."""
        (zones(tmp_path, ("cpu-thermal", "50000")) / "class/thermal/thermal_zone1/temp").mkdir(parents=True)
        assert board.temperature_c(tmp_path) == 50

    def test_a_machine_that_tells_nothing(self, tmp_path: Path):
        assert board.temperature_c(tmp_path) is None


class TestThrottling:
    @pytest.mark.parametrize("path", [PI_4, PI_5])
    @pytest.mark.parametrize(
        ("word", "bits"), [("0", 0), ("50005", 0x5), ("80008", 0x8), ("50000", 0), ("none", None), ("", None)]
    )
    def test_the_firmwares_word(self, tmp_path: Path, path: str, word: str, bits: int | None):
        """What is past does not count."""
        folder = shown(tmp_path, {path: f"{word}\n"})
        assert board.throttle_word(folder) == bits
        assert board.throttled(folder) is (None if bits is None else bits > 0)

    @pytest.mark.parametrize(("alarm", "throttled"), [("1", True), ("0", False), ("", None)])
    def test_without_the_word_the_kernels_alarm_of_under_voltage(
        self, tmp_path: Path, alarm: str, throttled: bool | None
    ):
        files = {"hwmon0/name": "cpu_thermal", "hwmon3/name": "rpi_volt", "hwmon3/in0_lcrit_alarm": alarm}
        folder = shown(tmp_path, {f"class/hwmon/{name}": f"{content}\n" for name, content in files.items()})
        assert board.throttled(folder) is throttled

    def test_a_machine_that_tells_nothing(self, tmp_path: Path):
        assert board.throttled(shown(tmp_path, {"class/hwmon/hwmon0/name": "coretemp\n"})) is None


def test_the_name_has_no_end_of_a_string(tmp_path: Path):
    folder = shown(tmp_path, {"device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"})
    assert board.name(folder) == "Raspberry Pi 5 Model B Rev 1.0"
    assert board.name(tmp_path / "nowhere") == ""


class TestMemory:
    def test_of_a_process(self, tmp_path: Path):
        folder = shown(
            tmp_path, {"self/status": "Name:\tpython\nVmPeak:\t  999999 kB\nVmHWM:\t  102400 kB\nVmRSS:\t   51200 kB\n"}
        )
        assert (board.resident_mb(folder), board.peak_mb(folder)) == (50, 100)

    def test_of_this_one(self):
        now, most = board.resident_mb(), board.peak_mb()
        assert now is not None
        assert most is not None
        assert 5 < now <= most + 1

    def test_of_one_whose_kernel_does_not_tell(self, tmp_path: Path):
        assert (board.resident_mb(tmp_path), board.peak_mb(tmp_path)) == (None, None)
