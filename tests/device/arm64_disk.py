"""A 64-bit Arm Debian with this checkout installed, as a disk for a virtual machine. Nothing of it runs here.

Debian's packages are unpacked and never configured: systemd makes users and folders itself when it starts.
"""

from __future__ import annotations

import lzma
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import tomllib

ROOT = Path(__file__).parents[2]
SUITE, PYTHON = "trixie", "3.13"
PACKAGES = "systemd,systemd-sysv,dbus,udev,kmod,procps,python3,v4l-utils,busybox-static,linux-image-arm64"
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64", "manylinux_2_17_aarch64")
# What the kernel needs before it can read the disk.
EARLY_MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
DISK_MB = 2048

RELEASE = Path("opt/emotion-edge/current")
CONTROL = """
[Unit]
Description=Obeys the host
[Service]
ExecStart=/bin/bash /srv/control.sh
Restart=always
[Install]
WantedBy=multi-user.target
"""
# One line in, one line out: base64 of a command; its exit code and base64 of what it wrote, output and errors.
CONTROL_SCRIPT = """
until [ -e /dev/virtio-ports/control ]; do sleep 0.2; done
exec 3<>/dev/virtio-ports/control
while read -r line <&3; do
    said=$(base64 -d <<<"$line" | HOME=/root bash 2>&1 | base64 -w 0; exit "${PIPESTATUS[1]}")
    printf '%s %s\\n' "$?" "$said" >&3
done
"""
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod "$module"; done
until [ -e /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /disk
exec /bin/busybox switch_root /disk /sbin/init
"""


def make_disk(folder: Path, config: str, files: Iterable[Path] = ()) -> tuple[Path, Path, Path]:
    """A fresh disk, and the kernel and first files to start it with.

    folder keeps what was downloaded. files: what lies in /srv.
    """
    system, disk = folder / "system", folder / "disk.img"
    if not (system / "complete").exists():
        _unpack(folder, system)
    _install(system, config)
    for file in files:
        shutil.copy(file, system / "srv")
    disk.unlink(missing_ok=True)
    _run("mkfs.ext4", "-q", "-d", system, disk, f"{DISK_MB}M")
    return disk, next((system / "boot").glob("vmlinuz-*")), folder / "first.cpio"


def _unpack(folder: Path, system: Path) -> None:
    packages = folder / "packages"
    if not (packages / "complete").exists():
        options = ["--download-only", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}"]
        _run("debootstrap", *options, SUITE, packages)
        (packages / "complete").touch()
    shutil.rmtree(system, ignore_errors=True)
    system.mkdir(parents=True)
    archives = sorted((packages / "var/cache/apt/archives").glob("*.deb"))
    # First the one with the links /bin, /lib and /sbin.
    for archive in sorted(archives, key=lambda path: not path.name.startswith("base-files_")):
        _run("dpkg-deb", "-x", archive, system)
    for name in ("passwd", "group"):
        shutil.copy(system / f"usr/share/base-passwd/{name}.master", system / "etc" / name)
    version = next((system / "usr/lib/modules").iterdir()).name
    _run("depmod", "-b", system, version)
    _first_files(system, version, folder)
    (system / "complete").touch()


def _first_files(system: Path, version: str, folder: Path) -> None:
    """The archive the kernel unpacks into memory and starts: it loads what reads the disk, and goes on there."""
    first = folder / "first"
    shutil.rmtree(first, ignore_errors=True)
    for name in ("bin", "dev", "modules", "disk"):
        (first / name).mkdir(parents=True)
    shutil.copy(system / "usr/bin/busybox", first / "bin/busybox")
    (first / "init").write_text(INIT)
    (first / "init").chmod(0o755)
    modules = system / "usr/lib/modules" / version
    for number, path in enumerate(_in_order(modules)):
        (first / "modules" / f"{number:02}.ko").write_bytes(lzma.decompress((modules / path).read_bytes()))
    names = "\n".join(str(path.relative_to(first)) for path in sorted(first.rglob("*")))
    with (folder / "first.cpio").open("wb") as archive:
        subprocess.run(
            ["cpio", "-o", "-H", "newc", "--quiet"], cwd=first, input=names.encode(), stdout=archive, check=True
        )


def _in_order(modules: Path) -> list[str]:
    """Paths of the early modules and of what they need, each after what it needs."""
    needs = dict(line.split(":") for line in (modules / "modules.dep").read_text().splitlines())
    paths = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    built_in = {Path(line).stem.replace("-", "_") for line in (modules / "modules.builtin").read_text().split()}
    order: list[str] = []
    for name in EARLY_MODULES:
        if name not in built_in:
            order += [*reversed(needs[paths[name]].split()), paths[name]]
    return list(dict.fromkeys(order))


def _install(system: Path, config: str) -> None:
    """What `setup.sh install` leaves behind, put there from outside: pip would take half an hour in the machine."""
    venv = system / RELEASE / "venv"
    packages = venv / f"lib/python{PYTHON}/site-packages"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if not packages.exists():
        platforms = [f"--platform={platform}" for platform in PLATFORMS]
        options = ["--quiet", "--target", packages, "--only-binary=:all:", f"--python-version={PYTHON}", *platforms]
        extras = project["optional-dependencies"]
        wanted = project["dependencies"] + extras["display"] + extras["updates"]
        _run(sys.executable, "-m", "pip", "install", *options, *wanted)
    for name in ("edge", "models"):
        target = packages / (name if name == "edge" else "edge/models")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    _write(venv / "pyvenv.cfg", f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n")
    (venv / "bin").mkdir(exist_ok=True)
    (venv / "bin/python").unlink(missing_ok=True)
    (venv / "bin/python").symlink_to("/usr/bin/python3")
    program = f"#!/{RELEASE}/venv/bin/python\nimport sys\nfrom edge.__main__ import main\nsys.exit(main())\n"
    _write(venv / "bin/emotion-edge", program, 0o755)
    _write(system / "usr/local/bin/emotion-edge", f'#!/bin/sh\nexec /{RELEASE}/venv/bin/emotion-edge "$@"\n', 0o755)
    _write(system / "etc/emotion-edge/config.toml", config)
    groups = "m emotion-edge video\nm emotion-edge render\nm emotion-edge input\n"
    sysusers = (ROOT / "systemd/sysusers.conf").read_text()
    _write(system / "usr/lib/sysusers.d/emotion-edge.conf", sysusers + groups)
    _write(system / "etc/systemd/system/emotion-edge.service", (ROOT / "systemd/emotion-edge.service").read_text())
    _write(system / "etc/systemd/system/control.service", CONTROL)
    _write(system / "srv/control.sh", CONTROL_SCRIPT)
    _run("systemctl", "--quiet", f"--root={system}", "enable", "control")
    _write(system / "etc/modules-load.d/camera.conf", "vivid\n")
    _write(system / "etc/machine-id", f"{0xE0:032x}\n")


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _run(*command: str | Path) -> None:
    """Raises SystemExit where the program is missing."""
    if shutil.which(str(command[0])) is None:
        raise SystemExit(f"{command[0]} is missing: tests/device/README.md says what to install")
    subprocess.run(command, check=True)
