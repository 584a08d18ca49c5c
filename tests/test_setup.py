"""setup.sh with a Python that only pretends to install, and what it has made of this checkout, where it has."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import PROGRAMS, Checkout

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [(), ("start",), ("--verbose",)])
def test_without_a_known_word_it_tells_what_it_can_do(checkout: Checkout, arguments: tuple[str, ...]):
    done = checkout.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "./setup.sh run" in done.stderr
    assert checkout.calls() == []


def test_run_prepares_once_and_hands_over_every_argument(checkout: Checkout):
    first = checkout.run("run", "--source", "two words", "--limit", "5")
    assert (first.returncode, first.stdout) == (0, "ran: run --source two words --limit 5\n")
    assert "setup: making .venv" in first.stderr
    assert checkout.calls() == ["venv", "pip"]
    second = checkout.run("run")
    assert (second.returncode, second.stdout, second.stderr) == (0, "ran: run\n", "")
    assert checkout.calls() == []


def test_new_requirements_are_installed_on_top(checkout: Checkout):
    checkout.run("run")
    checkout.calls()
    with (checkout.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert checkout.run("run").returncode == 0
    assert checkout.calls() == ["pip"]


def test_another_python_starts_over(checkout: Checkout):
    checkout.run("run")
    checkout.calls()
    checkout.tell("version", "3.13.0\n")
    assert checkout.run("run").returncode == 0
    assert checkout.calls() == ["venv", "pip"]


def test_a_moved_checkout_starts_over(checkout: Checkout):
    checkout.run("run")
    checkout.calls()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert checkout.run("run").returncode == 0
    assert checkout.calls() == ["venv", "pip"]


def test_a_killed_install_is_repaired_by_the_next_run(checkout: Checkout):
    checkout.tell("pip-hangs")
    command = [str(checkout.folder / "setup.sh"), "run"]
    running = subprocess.Popen(command, env=checkout.environment, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: (checkout.state / "pip-began").exists())
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    checkout.calls()
    checkout.forget("pip-hangs")
    assert checkout.run("run").stdout == "ran: run\n"
    assert checkout.calls() == ["venv", "pip"]


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_at_once_install_once(checkout: Checkout):
    command = [str(checkout.folder / "setup.sh"), "run"]
    both = [
        subprocess.Popen(
            command, env=checkout.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(2)
    ]
    assert [running.communicate(timeout=30)[0] for running in both] == ["ran: run\n", "ran: run\n"]
    assert checkout.calls() == ["venv", "pip"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching",
            "connect this machine",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "Collecting numpy\nERROR: No matching distribution found for x",
            "pip failed: ERROR: No matching distribution",
        ),
    ],
)
def test_a_failed_install_ends_with_one_line_and_is_not_taken_for_complete(checkout: Checkout, said: str, told: str):
    checkout.tell("pip-says", said)
    assert told in last_line(checkout.run("run"))
    checkout.forget("pip-says")
    assert checkout.run("run").stdout == "ran: run\n"


def test_packages_that_do_not_load_are_told(checkout: Checkout):
    checkout.tell("import-fails", "Traceback\nImportError: libGL.so.1: cannot open\n")
    assert last_line(checkout.run("run")).endswith("do not load here: ImportError: libGL.so.1: cannot open")


def test_an_environment_that_cannot_be_made(checkout: Checkout):
    checkout.tell("venv-fails")
    assert "cannot make .venv: Error: the disk objects" in last_line(checkout.run("run"))


def test_a_numpy_of_the_system_keeps_its_major_version(checkout: Checkout):
    checkout.tell("numpy", "1.24.2\n")
    checkout.run("run")
    assert checkout.commands()[1].endswith("numpy<2")
    checkout.tell("numpy", "2.2.4\n")
    shutil.rmtree(checkout.venv)
    checkout.run("run")
    assert "numpy<2" not in checkout.commands()[1]


def test_a_camera_library_of_the_system_is_seen_as_soon_as_it_is_there(checkout: Checkout):
    checkout.run("run")
    assert "--system-site-packages" not in checkout.commands()[0]
    (checkout.system / "lib/python3/dist-packages/picamera2").mkdir(parents=True)
    assert checkout.run("run").returncode == 0
    assert "--system-site-packages" in checkout.commands()[0]
    assert checkout.run("run").stderr == ""


def test_a_screen_adds_what_a_window_needs(checkout: Checkout):
    checkout.environment["DISPLAY"] = ":7"
    checkout.run("run")
    assert "[display]" in checkout.commands()[1]


def test_a_32_bit_system(checkout: Checkout):
    hide_real_python(checkout)
    checkout.tell("32-bit")
    assert "this system is 32-bit" in last_line(checkout.run("run"))


def test_a_python_that_is_too_old(checkout: Checkout):
    hide_real_python(checkout)
    checkout.tell("version", "3.9.2\n")
    checkout.tell("unsuitable")
    assert "no Python 3.10 to 3.14 here (Python 3.9.2)" in last_line(checkout.run("run"))


def test_a_missing_venv_module_that_cannot_be_installed(checkout: Checkout):
    hide_real_python(checkout)
    checkout.tell("no-ensurepip")
    told = last_line(checkout.run("run"))
    assert told == "setup: Python's venv module is missing: sudo apt-get install python3.11-venv, then run this again"


def test_a_missing_venv_module_is_installed_where_nothing_need_be_asked(checkout: Checkout):
    hide_real_python(checkout)
    checkout.tell("no-ensurepip")
    checkout.program("sudo", '[[ $1 == -n ]] && shift; exec "$@"')
    checkout.program("apt-get", f'echo "$@" >"{checkout.state}/apt"; rm "{checkout.state}/no-ensurepip"')
    done = checkout.run("run")
    assert done.stdout == "ran: run\n", done.stderr
    assert "setup: installing system packages: python3.11-venv\n" in done.stderr
    assert (checkout.state / "apt").read_text(encoding="utf-8").endswith("python3.11-venv\n")


def test_dev_goes_on_without_what_only_some_tests_use(checkout: Checkout):
    checkout.program("dpkg-query", "exit 1")
    for refused in ("sudo", "apt-get"):
        checkout.program(refused, "exit 1")
    done = checkout.run("dev")
    assert (done.returncode, done.stdout) == (0, "")
    assert "some tests will be skipped; to run all of them: sudo apt-get install make mosquitto" in done.stderr
    assert done.stderr.endswith("setup: ready; next: make check\n")
    assert "training,test]" in checkout.commands()[1]


def test_a_disk_without_room(checkout: Checkout):
    checkout.program("df", "printf 'Avail\\n  12M\\n'")
    assert "has 12 MB left and 600 MB are needed" in last_line(checkout.run("run"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("install",), "this needs root: sudo ./setup.sh install"),
        (("uninstall",), "this needs root: sudo ./setup.sh uninstall"),
        (("install", "--config", "nowhere.toml"), "install --config nowhere.toml: there is no such file"),
        (("install", "--config"), "install --config : there is no such file"),
        (("install", "--now"), "the only option is --config FILE"),
        (("uninstall", "everything"), "the only option is --purge"),
    ],
)
def test_a_service_is_not_installed_without_root_or_with_a_wrong_option(
    checkout: Checkout, arguments: tuple[str, ...], told: str
):
    checkout.program("id", "echo 1000")
    checkout.program("apt-get", "exit 1")
    assert told in last_line(checkout.run(*arguments))
    assert checkout.calls() == []


def test_a_service_is_not_installed_on_a_32_bit_system(checkout: Checkout):
    checkout.program("id", "echo 1000")
    checkout.program("getconf", "echo 32")
    assert "this system is 32-bit" in last_line(checkout.run("install"))


def test_a_bundle_holds_the_project_and_its_packages(checkout: Checkout):
    for part in ("edge", "models", "docs"):
        shutil.copytree(ROOT / part, checkout.folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("README.md", "LICENSE"):
        shutil.copy(ROOT / part, checkout.folder)
    folder = checkout.folder / "to go"
    done = checkout.run("bundle", str(folder))
    assert done.returncode == 0, done.stderr
    assert f"made {folder}; copy it to the device" in done.stderr
    assert {path.name for path in folder.iterdir()} == {
        *("setup.sh", "systemd", "docs", "edge", "models", "pyproject.toml", "README.md", "LICENSE", "wheels"),
    }
    assert "display,oled,web,updates]" in checkout.commands()[1]


def hide_real_python(checkout: Checkout) -> None:
    """Leave a PATH without apt and without any real Python."""
    others = checkout.state / "programs"
    others.mkdir()
    for name in PROGRAMS:
        program = shutil.which(name)
        assert program
        (others / name).symlink_to(program)
    checkout.environment["PATH"] = f"{checkout.programs}:{others}"


@pytest.mark.skipif(not (ROOT / ".venv" / "stamp").exists(), reason="./setup.sh run has not been here")
def test_the_devices_environment_is_lean():
    python = ROOT / ".venv" / "bin" / "python"
    heavy = "import importlib.util as u; print([n for n in ('tensorflow', 'keras', 'torch') if u.find_spec(n)])"
    done = subprocess.run([python, "-c", heavy], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
