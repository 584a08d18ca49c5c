# shellcheck shell=bash
# Part of setup.sh: a folder to install the service from without a network.

# bundle [FOLDER]: what `install` needs, for a machine of this kind with this Python and without a network.
bundle() {
    local python folder part
    python=$(with_system_python find_python)
    folder=${1:-$ROOT/dist/$NAME-$(version)-$(uname -m)-$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}
    part=$folder.part
    rm -rf "$part"
    mkdir -p "$part" || fail "$folder cannot be made: name a folder that can: ./setup.sh bundle FOLDER"
    need_room "$part" 600
    (cd "$ROOT" && tar --create --exclude '__pycache__' "${PARTS[@]}") | tar --extract --directory "$part"
    with_system_python create "$part/venv"
    say "collecting packages (about 150 MB)"
    "$part/venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --wheel-dir "$part/wheels" \
        "${ROOT}[display,oled,web,updates]" >"$part/setup.log" 2>&1 </dev/null || explain_pip "$part/setup.log"
    rm -rf "$part/venv" "$part/setup.log" "$folder"
    mv "$part" "$folder"
    say "made $folder; copy it to the device, then there: sudo ./setup.sh install"
}
