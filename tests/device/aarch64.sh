#!/usr/bin/env bash
# Runs the program as a 64-bit Arm device does, on this x86-64 machine: the integer models, every bit of whose answers is
# compared with tests/golden, and the demo, on each kind of core; and the tests of the device's parts on one.
# No chroot and no kernel setting: qemu runs Debian's Arm Python 3.11 out of a folder. Six minutes, beside other work.
#
#   apt-get install qemu-user-static debootstrap     once; debootstrap wants root
#   tests/device/aarch64.sh [FOLDER]                 FOLDER keeps 600 MB for the next time; default: a temporary one
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# LiteRT from 2.2 on crashes under the qemu 7.2 of Debian 12; the integers are the same.
PACKAGES=("ai-edge-litert==2.1.6" numpy opencv-python-headless paho-mqtt pillow pytest hypothesis)
# Zero 2 W and 3B+, Pi 4, Pi 5. Not "max": the SME that qemu 7.2 emulates computes wrong answers, and no Pi has it.
CORES=(cortex-a53 cortex-a72 cortex-a76)
# What needs neither another program nor a library of a screen.
TESTS=(tests/cameras/test_{demo,picamera}.py
    tests/test_{anchor_free,blazeface,board,config,control,crop,csv,daemon,doubt,events,follower,lines,motion,network}.py
    tests/test_{options,pace,pipeline,quality,smoothing,status_file,tiled,tracker,turns,views}.py)
FRAMES=60

say() { printf 'aarch64: %s\n' "$*" >&2; }

for program in qemu-aarch64-static debootstrap dpkg-deb python3; do
    command -v "$program" >/dev/null || { say "$program is missing: apt-get install qemu-user-static debootstrap"; exit 2; }
done

if [[ -n ${1:-} ]]; then
    mkdir -p "$1"
    place=$(cd "$1" && pwd -P)
else
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
fi

if [[ ! -f $place/ready ]]; then
    say "fetching Debian's Python for Arm (1 minute)"
    debootstrap --download-only --arch=arm64 --variant=minbase --include=python3 bookworm "$place/packages" >"$place/log"
    mkdir -p "$place/system"
    for package in "$place"/packages/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$place/system"; done
    say "fetching ${PACKAGES[*]} for Arm"
    python3 -m pip install -q --target "$place/wheels" --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 \
        "${PACKAGES[@]}"
    touch "$place/ready"
fi

cd "$ROOT"
export PYTHONDONTWRITEBYTECODE=1
on() { PYTHONPATH="$ROOT:$place/wheels" qemu-aarch64-static -cpu "$1" -L "$place/system" "$place/system/usr/bin/python3.11" "${@:2}"; }
failed=0
for core in "${CORES[@]}"; do
    machine=$(on "$core" -c 'import platform, numpy; print(platform.machine(), "numpy", numpy.__version__)')
    found=$(on "$core" -m quantize.golden) || failed=1
    printf '%s (%s): %s\n' "$core" "$machine" "${found:-the program crashed}"
    happy=$(on "$core" -m edge run --source demo --limit "$FRAMES" --jsonl - | grep -c '"emotion":"happy"') || true
    printf '%s: the demo is happy in %s of %s frames\n' "$core" "$happy" "$FRAMES"
    ((happy >= FRAMES - 2)) || failed=1
done
on "${CORES[1]}" -m pytest -q -p no:cacheprovider "${TESTS[@]}" || failed=1
exit "$failed"
