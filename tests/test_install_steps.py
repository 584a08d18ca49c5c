"""Single steps of systemd/install.sh, with a systemctl that only pretends: what a failure leaves behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


WITHOUT_GROUP = """
for word; do [[ ${before:-} == -g || $word == -g ]] || words+=("$word"); before=$word; done
exec /usr/bin/install "${words[@]}"
"""
"""The service's group is not here."""


class Machine:
    """A program folder with the version `old`, settings and a unit, all below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program, self.settings, self.programs = (folder / name for name in ("opt", "etc", "bin"))
        for release in ("old", "new"):
            (self.program / "releases" / release / "systemd").mkdir(parents=True)
            unit = self.program / "releases" / release / "systemd" / "emotion-edge.service"
            unit.write_text(f"# {release}\n", encoding="utf-8")
            python = self.program / "releases" / release / "venv" / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.write_text("#!/bin/sh\n", encoding="utf-8")
            python.chmod(0o755)
        (self.program / "current").symlink_to("releases/old")
        self.settings.mkdir()
        self.programs.mkdir()
        self.unit = folder / "emotion-edge.service"
        self.unit.write_text("# old\n", encoding="utf-8")
        self.pretend("systemctl", 'case $1 in is-active) echo active ;; --version) echo "systemd 252 (252)" ;; esac')
        self.pretend("journalctl", "true")
        self.pretend("chgrp", "true")
        self.pretend("install", WITHOUT_GROUP)

    def pretend(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        program.chmod(0o755)

    def call(self, step: str) -> subprocess.CompletedProcess[str]:
        """One of the script's functions, as setup.sh would call it."""
        script = f"""
            set -euo pipefail
            fail() {{ echo "failed: $*" >&2; exit 1; }}
            say() {{ echo "$*" >&2; }}
            ROOT={ROOT}
            source {ROOT}/systemd/install.sh
            source {ROOT}/systemd/bundle.sh
            PROGRAM={self.program} SETTINGS={self.settings} UNIT={self.unit}
            COMMAND={self.folder}/command
            {step}
        """
        path = f"{self.programs}:{os.environ['PATH']}"
        environment = os.environ | {"PATH": path}
        return subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)

    @property
    def current(self) -> str:
        return os.readlink(self.program / "current")

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.program / "releases").iterdir())

    def setting(self, name: str = "config.toml") -> Path:
        return self.settings / name


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_settings_are_checked_from_where_the_service_will_look(machine: Machine):
    """A clip or a model may be named by a path that begins there."""
    state = machine.folder / "state"
    state.mkdir()
    program = machine.program / "releases" / "new" / "venv" / "bin" / "emotion-edge"
    program.write_text('#!/bin/sh\n[ "$1" != check ] || pwd >>"$0.from"\n', encoding="utf-8")
    program.chmod(0o755)
    step = f"try_release {machine.program}/releases/new {machine.setting()}"
    assert machine.call(f"STATE={state}; {step}").returncode == 0
    assert machine.call(f"STATE={state}/not-made-yet; {step}").returncode == 0
    assert program.with_name("emotion-edge.from").read_text().splitlines()[0] == str(state)


def test_a_version_that_starts_is_the_only_one_left(machine: Machine):
    done = machine.call("start new")
    assert done.returncode == 0, done.stderr
    assert (machine.current, machine.releases) == ("releases/new", ["new"])
    assert machine.unit.read_text(encoding="utf-8") == "# new\n"


@pytest.mark.parametrize("step", ["ln", "install", "mv"])
def test_where_a_step_of_switching_fails_the_old_version_runs_on(machine: Machine, step: str):
    """Only once: the disk has room again when everything is put back."""
    machine.pretend(
        step, f'[[ -e {machine.folder}/full ]] || {{ touch {machine.folder}/full; exit 1; }}; /bin/{step} "$@"'
    )
    done = machine.call("start new")
    assert done.returncode == 1
    assert "so all is as before" in done.stderr
    assert (machine.current, machine.releases) == ("releases/old", ["new", "old"])
    assert machine.unit.read_text(encoding="utf-8") == "# old\n"


def test_a_service_between_two_starts_counts_as_running(machine: Machine):
    """Its camera is away: systemd says activating. A broken upgrade of it is taken back, too."""
    machine.pretend(
        "systemctl",
        'case $1 in is-active) echo activating; exit 3 ;; --version) echo "systemd 252" ;;'
        f" restart) grep -q old {machine.unit} ;; esac",
    )
    machine.setting().write_text("new settings", encoding="utf-8")
    machine.setting("config.toml.old").write_text("old settings", encoding="utf-8")
    done = machine.call("start new")
    assert (done.returncode, machine.current) == (1, "releases/old")
    assert machine.setting().read_text(encoding="utf-8") == "old settings"


def test_a_first_version_that_does_not_start_stays_to_be_looked_at(machine: Machine):
    machine.pretend(
        "systemctl", "case $1 in is-active) echo inactive; exit 3 ;; restart) exit 1 ;; esac; echo systemd 252"
    )
    done = machine.call("start new")
    assert (done.returncode, machine.current) == (1, "releases/new")
    assert "installed, but it does not start yet" in done.stderr


class TestSettings:
    def test_the_ones_before_are_kept_beside_those_given(self, machine: Machine, tmp_path: Path):
        machine.setting().write_text("old", encoding="utf-8")
        (tmp_path / "given.toml").write_text("new", encoding="utf-8")
        machine.call(f"put_settings releases/new {tmp_path}/given.toml")
        assert machine.setting().read_text(encoding="utf-8") == "new"
        assert machine.setting("config.toml.old").read_text(encoding="utf-8") == "old"
        assert machine.setting().stat().st_mode & 0o777 == 0o640

    def test_the_kept_ones_may_be_given_back(self, machine: Machine):
        machine.setting().write_text("bad", encoding="utf-8")
        machine.setting("config.toml.old").write_text("good", encoding="utf-8")
        machine.call(f"put_settings releases/new {machine.setting('config.toml.old')}")
        assert machine.setting().read_text(encoding="utf-8") == "good"
        assert machine.setting("config.toml.old").read_text(encoding="utf-8") == "bad"

    def test_where_they_cannot_be_written_the_old_ones_stay(self, machine: Machine, tmp_path: Path):
        machine.setting().write_text("old", encoding="utf-8")
        (tmp_path / "given.toml").write_text("new", encoding="utf-8")
        machine.pretend("install", "exit 1")
        assert machine.call(f"put_settings releases/new {tmp_path}/given.toml").returncode == 1
        assert machine.setting().read_text(encoding="utf-8") == "old"

    def test_the_service_of_today_may_read_those_kept_from_another_installation(self, machine: Machine):
        machine.setting().write_text("kept", encoding="utf-8")
        machine.setting().chmod(0o600)
        machine.pretend("chgrp", f'echo "$@" >{machine.folder}/chgrp')
        assert machine.call("put_settings releases/new ''").returncode == 0
        assert (machine.folder / "chgrp").read_text(encoding="utf-8").split()[1] == str(machine.setting())
        assert machine.setting().stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    [
        "[web]\nenabled = true\n",
        "[web]  # the page\n  enabled=true\n",
        "web.enabled = true\n",
        "web = {port = 80, enabled = true}\n",
    ],
)
def test_an_output_is_on_in_each_of_tomls_ways(machine: Machine, text: str):
    machine.setting().write_text(text, encoding="utf-8")
    assert machine.call(f"is_on web {machine.setting()}").returncode == 0
    assert machine.call(f"is_on oled {machine.setting()}").returncode == 1


class TestBundleFolder:
    def test_one_with_other_things_in_it_is_refused(self, machine: Machine, tmp_path: Path):
        stick = tmp_path / "stick"
        stick.mkdir()
        (stick / "holiday.jpg").touch()
        done = machine.call(f"need_own_folder {stick}")
        assert done.returncode == 1
        assert f"{stick} holds other things" in done.stderr
        assert (stick / "holiday.jpg").exists()

    def test_a_new_an_empty_and_an_earlier_one_will_do(self, machine: Machine, tmp_path: Path):
        folder = tmp_path / "bundle"
        assert machine.call(f"need_own_folder {folder}").returncode == 0
        folder.mkdir()
        assert machine.call(f"need_own_folder {folder}").returncode == 0
        (folder / "wheels").mkdir()
        (folder / "setup.sh").touch()
        assert machine.call(f"need_own_folder {folder}").returncode == 0
