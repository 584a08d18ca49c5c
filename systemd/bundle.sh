# shellcheck shell=bash
# Part of setup.sh: a folder to install the service from without a network.

# bundle [FOLDER]: what `install` needs, for a machine of this kind with this Python and without a network.
bundle() {
    local python folder part
    python=$(with_system_python find_python)
    folder=${1:-$ROOT/dist/$NAME-$(version)-$(uname -m)-$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}
    while [[ $folder == */ && $folder != / ]]; do folder=${folder%/}; done
    need_own_folder "$folder"
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

# need_own_folder FOLDER: new, empty, or an earlier bundle; what else somebody keeps there would be lost.
need_own_folder() {
    if [[ -d $1/wheels && -f $1/setup.sh ]] || [[ ! -e $1 ]]; then return; fi
    [[ -d $1 && -z $(ls -A "$1") ]] || fail "$1 holds other things; name a new folder, $1/$NAME for example"
}
