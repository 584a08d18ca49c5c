#!/usr/bin/env bash
# Prepares this checkout and starts it. `./setup.sh` alone says what it can do.
# Everything it says goes to stderr: stdout belongs to the program it starts.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
DEVICE="$ROOT/.venv"
WORKSTATION="$ROOT/.venv-test"
# picamera2 and GStreamer's Python side come with the system (apt), not with pip; only the system's Python sees them.
SYSTEM=${EMOTION_EDGE_SYSTEM:-/usr}
SYSTEM_PYTHON="$SYSTEM/bin/python3"
# What some tests use: a broker, a screen with windows, GStreamer. A test whose program is missing skips.
TEST_PACKAGES=(
    mosquitto openssl minisign xvfb openbox valgrind
    python3-gi gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
)
# Apart from the others: Ubuntu has them as a snap only, and apt installs all it is asked for or nothing.
BROWSER_PACKAGES=(chromium chromium-driver)

# shellcheck source=systemd/install.sh
source "$ROOT/systemd/install.sh"
# shellcheck source=systemd/bundle.sh
source "$ROOT/systemd/bundle.sh"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    trap - INT TERM
    say "$*"
    exit 1
}

usage() {
    cat >&2 <<'END'
Usage: ./setup.sh run [ARGUMENTS]   install what the device needs into .venv (once), then start emotion-edge run ARGUMENTS
       ./setup.sh test              install what the tests need into .venv-test (once), then format, lint, types and tests
       ./setup.sh dev               the same environment, for `make check`
       ./setup.sh train             the same environment, for training and quantizing on this workstation

       sudo ./setup.sh install [--config FILE]   as a service that starts with the machine; again: upgrade
       sudo ./setup.sh uninstall [--purge]       remove it; with --purge also its settings and state
       ./setup.sh bundle [FOLDER]                a folder to install it from without a network
Try:   ./setup.sh run --source demo --limit 100 --jsonl -
END
}

main() {
    trap 'fail "interrupted; run the same command again"' INT TERM
    local word=${1:-}
    case $word in
        run)
            shift
            device_environment
            exec "$DEVICE/bin/emotion-edge" run "$@"
            ;;
        test)
            command -v make >/dev/null || need_package "make" make
            want_packages "${TEST_PACKAGES[@]}"
            want_packages "${BROWSER_PACKAGES[@]}"
            device_environment
            workstation_environment
            exec make --no-print-directory --keep-going -C "$ROOT" check PYTHON="$WORKSTATION/bin/python"
            ;;
        dev)
            want_packages make "${TEST_PACKAGES[@]}"
            want_packages "${BROWSER_PACKAGES[@]}"
            workstation_environment
            say "ready; next: make check"
            ;;
        train)
            workstation_environment
            say "ready; next: .venv-test/bin/python -m training --help"
            ;;
        install | uninstall)
            shift
            "${word}_service" "$@"
            ;;
        bundle)
            shift
            bundle "$@"
            ;;
        help | -h | --help) usage ;;
        *)
            usage
            exit 2
            ;;
    esac
}

device_environment() {
    local extras=""
    # What a window needs is left out where there is no screen; once installed it stays.
    if has_screen || compgen -G "$DEVICE/lib/python3*/site-packages/pygame" >/dev/null; then extras="[display]"; fi
    environment "$DEVICE" "$extras" 600 "about 300 MB; a minute, on a small board some minutes"
}

workstation_environment() {
    environment "$WORKSTATION" "[display,oled,web,updates,training,test]" 5000 "about 3 GB, TensorFlow among it; some minutes"
}

has_screen() {
    [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]] || grep -qsx connected /sys/class/drm/*/status
}

# environment FOLDER EXTRAS MEGABYTES WORDS: a complete virtual environment, or the end. Milliseconds where it is one.
environment() {
    is_complete "$1" "$2" && return
    # Locked until the subshell ends: one setup at a time in a checkout.
    (
        flock --nonblock 9 || { say "another setup works in this folder; waiting for it" && flock 9; }
        is_complete "$1" "$2" || complete "$@"
    ) 9<"$ROOT"
}

complete() {
    local venv=$1 extras=$2 megabytes=$3 words=$4 options=()
    # Without a stamp an install was cut off; with another Python or folder nothing in it runs. Start over.
    if [[ ! -f $venv/stamp ]] || [[ $(head -n 1 "$venv/stamp") != "$(identity "$venv")" ]]; then
        need_room "$ROOT" "$megabytes"
        create "$venv"
    fi
    say "installing packages into ${venv##*/} ($words)"
    rm -f "$venv/stamp"
    # Compiled on first use instead: 40 MB less.
    if [[ $venv == "$DEVICE" ]]; then options+=(--no-compile); fi
    install_packages "$venv" "${options[@]}" --editable "$ROOT$extras"
    check_imports "$venv"
    stamp "$venv" "$extras" >"$venv/stamp"
}

is_complete() { [[ -f $1/stamp && $(<"$1/stamp") == "$(stamp "$1" "$2")" ]]; }

# The first line changes with the folder, the Python and what it sees, the second with what shall be installed.
stamp() {
    identity "$1"
    printf '%s %s\n' "$2" "$(sha256sum <"$ROOT/pyproject.toml")"
}

identity() {
    local version shared=alone
    version=$("$1/bin/python" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null) || version="no python"
    if has_system_camera; then shared="with the system's packages"; fi
    printf '%s, Python %s, %s\n' "$1" "$version" "$shared"
}

need_room() {
    local free
    [[ -w $1 ]] || fail "$1 cannot be written to: make it writable, or copy it to a folder of yours"
    free=$(df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9)
    ((free >= $2)) || fail "$1 has $free MB left and $2 MB are needed: free some, then run this again"
}

create() {
    local venv=$1 options=() python said
    python=$(find_python)
    if has_system_camera; then options=(--system-site-packages); fi
    say "making ${venv##*/} with $("$python" -V)"
    rm -rf "$venv"
    said=$("$python" -m venv "${options[@]}" "$venv" 2>&1) ||
        fail "$python cannot make ${venv##*/}: $(tail -n 1 <<<"$said")"
    # Python up to 3.11 puts it into every environment; nothing here uses it, and it takes 12 MB.
    "$venv/bin/python" -m pip --quiet uninstall --yes setuptools >/dev/null 2>&1 || true
}

# The Python to use: the system's where a camera library comes with it, else the first suitable one.
find_python() {
    local candidates=(python3 python3.13 python3.12 python3.11 python3.10 python3.14 "$SYSTEM_PYTHON") python
    if has_system_camera; then candidates=("$SYSTEM_PYTHON"); fi
    for python in "${candidates[@]}"; do
        if suits "$python" && "$python" -c 'import ensurepip' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    for python in "${candidates[@]}"; do
        if suits "$python" && [[ $(command -v "$python") == "$SYSTEM"/bin/* ]]; then
            need_package "Python's venv module" "$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')"
            command -v "$python"
            return
        fi
    done
    if is_32_bit; then
        fail "this system is 32-bit and the interpreter is not made for it: install a 64-bit one (Raspberry Pi OS 64-bit)"
    fi
    fail "no Python 3.10 to 3.14 here ($(python3 -V 2>&1 | tail -n 1)): install python3 and python3-venv, then run this again"
}

suits() {
    "$1" -c 'import sys; sys.exit(not ((3, 10) <= sys.version_info[:2] <= (3, 14) and sys.maxsize > 2**32))' 2>/dev/null
}

is_32_bit() { python3 -c 'import sys; sys.exit(sys.maxsize > 2**32)' 2>/dev/null; }

has_system_camera() {
    local modules="$SYSTEM/lib/python3/dist-packages"
    [[ -d $modules/picamera2 ]] ||
        { [[ -d $modules/gi ]] && compgen -G "$SYSTEM/lib/*/girepository-1.0/Gst-1.0.typelib" >/dev/null; }
}

# install_packages ENVIRONMENT ARGUMENTS_OF_PIP...
install_packages() {
    local venv=$1 log="$1/setup.log" packages=("${@:2}")
    # The system's camera library is compiled against the system's numpy; a newer major version would break it.
    if [[ $("$venv/bin/python" -c 'import numpy; print(numpy.__version__)' 2>/dev/null) == 1.* ]]; then
        packages+=('numpy<2')
    fi
    # pip unpacks into TMPDIR, and /tmp lies in a small board's memory.
    mkdir -p "$venv/tmp"
    if ! TMPDIR="$venv/tmp" "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "${packages[@]}" >"$log" 2>&1 </dev/null; then
        explain_pip "$log"
    fi
    rm -rf "$venv/tmp"
}

explain_pip() {
    if grep -q 'No space left' "$1"; then
        fail "the disk is full: free some space, then run this again"
    elif grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Max retries|ProxyError' "$1"; then
        fail "the package index cannot be reached: connect this machine to the network, then run this again"
    fi
    fail "pip failed: $(grep -E '^ *(ERROR|error):' "$1" | tail -n 1); all it said is in $1"
}

# What a device loads at its start, loaded (and so compiled) once; a missing shared library shows here, not at 3 a.m.
check_imports() {
    local said
    local modules="edge.cameras, edge.daemon, edge.sinks.mqtt, edge.sinks.terminal, ai_edge_litert.interpreter"
    said=$(PYTHONDONTWRITEBYTECODE='' "$1/bin/python" -c "import $modules" 2>&1) ||
        fail "the installed packages do not load here: $(tail -n 1 <<<"$said")"
}

# Installs what is missing where that needs no question.
want_packages() {
    local package missing=()
    for package in "$@"; do
        [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    apt_install no "${missing[@]}" ||
        say "some tests will be skipped; to run all of them: sudo apt-get install ${missing[*]}"
}

need_package() {
    apt_install yes "$2" || fail "$1 is missing: sudo apt-get install $2, then run this again"
}

# apt_install MAY_ASK PACKAGE...: as root, or with a sudo that asks nothing; MAY_ASK=yes lets it ask a person at a terminal.
apt_install() {
    local may_ask=$1 become=()
    shift
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        become=(sudo -n)
        if ! sudo -n true 2>/dev/null; then
            [[ $may_ask == yes && -t 0 ]] || return 1
            become=(sudo)
        fi
    fi
    say "installing system packages: $*"
    local apt=("${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq -y)
    local install=("${apt[@]}" install --no-install-recommends "$@")
    "${install[@]}" >/dev/null 2>&1 </dev/null && return
    # The package lists are missing, or so old that they name files that are gone.
    "${apt[@]}" update >/dev/null 2>&1 </dev/null || true
    "${install[@]}" >/dev/null </dev/null
}

main "$@"
