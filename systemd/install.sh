# shellcheck shell=bash
# Part of setup.sh: emotion-edge as a service of this machine.
# A version is one folder with everything it needs; the link `current` names the one that runs, and switching it is
# the last step. What fails before leaves the old version running, and a version that does not start is switched back.

NAME=emotion-edge
PROGRAM=/opt/$NAME
SETTINGS=/etc/$NAME
STATE=/var/lib/$NAME
COMMAND=/usr/local/bin/$NAME
UNIT=/etc/systemd/system/$NAME.service
# Who owns cameras, screens, keys and the buses of small displays; a system has only some of them.
GROUPS_OF_DEVICES=(video render input i2c spi gpio)
# What a version consists of, and the bundle, too.
PARTS=(edge models systemd docs setup.sh pyproject.toml README.md LICENSE)

install_service() {
    local config="" python name
    while (($#)); do
        case $1 in
            --config)
                [[ -f ${2:-} ]] || fail "install --config ${2:-}: there is no such file"
                config=$(realpath "$2")
                shift
                ;;
            *) fail "install $1: the only option is --config FILE" ;;
        esac
        shift
    done
    need_service_machine
    umask 022
    mkdir -p "$PROGRAM/releases"
    exec 9<"$PROGRAM"
    flock --nonblock 9 || fail "another installation is going on; wait until it is done"
    python=$(with_system_python find_python)
    name=$(release_name "$python" "$(service_extras "$config")")
    build_release "$PROGRAM/releases/$name" "$(service_extras "$config")"
    try_release "$PROGRAM/releases/$name" "${config:-$SETTINGS/config.toml}"
    make_user "$PROGRAM/releases/$name"
    make_state
    put_settings "$PROGRAM/releases/$name" "$config"
    start "$name"
    say "installed; settings: $SETTINGS/config.toml, log: journalctl -u $NAME, remove: sudo ./setup.sh uninstall"
    "$COMMAND" doctor >&2 || true
}

need_service_machine() {
    [[ $(getconf LONG_BIT) == 64 ]] ||
        fail "this system is 32-bit and the interpreter is not made for it: install a 64-bit one (Raspberry Pi OS 64-bit)"
    command -v apt-get >/dev/null ||
        fail "the service is made for Debian, Raspberry Pi OS, Ubuntu and JetPack; elsewhere use: ./setup.sh run"
    [[ $(id -u) == 0 ]] || fail "this needs root: sudo ./setup.sh install"
    [[ -d /run/systemd/system ]] || fail "systemd does not run here; use: ./setup.sh run"
}

# Not a Python of the owner's: the service cannot see into homes.
with_system_python() { PATH="$SYSTEM/bin:$SYSTEM/sbin:/bin:/sbin" "$@"; }

# build_release FOLDER EXTRAS: a complete version folder, made now or before.
build_release() {
    local release=$1 extras=$2 from=()
    [[ ! -f $release/complete ]] || return 0
    need_room "$PROGRAM" 600
    rm -rf "$release"
    mkdir "$release"
    cp -R "$ROOT/systemd" "$ROOT/docs" "$ROOT/README.md" "$ROOT/edge/config.example.toml" "$release"
    with_system_python create "$release/venv"
    say "installing packages into $release (about 300 MB; a minute, on a small board some minutes)"
    # In a bundle the project is one of the wheels, and pip asks nobody else.
    if [[ -d $ROOT/wheels ]]; then
        from=(--no-index --find-links "$ROOT/wheels" "$NAME$extras")
    else
        from=("$ROOT$extras")
    fi
    install_packages "$release/venv" --no-compile "${from[@]}"
    check_imports "$release/venv"
    touch "$release/complete"
}

version() { sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$ROOT/edge/__init__.py"; }

# Changes with every byte of the project, the Python, and what is installed with it.
release_name() {
    local sum
    sum=$({
        cd "$ROOT" || exit
        find "${PARTS[@]}" -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        "$1" -V
        printf '%s\n' "$2" "$(has_system_camera && printf camera)"
    } | sha256sum)
    printf '%s-%s\n' "$(version)" "${sum:0:12}"
}

# The libraries of model updates, and of the outputs that the configuration switches on.
service_extras() {
    local file=${1:-$SETTINGS/config.toml} extras=updates
    if has_screen || is_on window "$file"; then extras+=,display; fi
    if is_on oled "$file"; then extras+=,oled; fi
    if is_on web "$file"; then extras+=,web; fi
    printf '[%s]' "$extras"
}

# is_on SECTION FILE: whether a configuration says enabled = true of the section, in any of TOML's three ways.
is_on() {
    [[ -f $2 ]] && awk -v name="$1" '
        { gsub(/[[:space:]]|#.*/, "") }
        /^\[/ { section = $0 }
        section == "" && (index($0, name ".enabled=true") == 1 || $0 ~ "^" name "=[{](.*,)?enabled=true") { found = 1 }
        section == "[" name "]" && /^enabled=true/ { found = 1 }
        END { exit !found }' "$2"
}

# try_release FOLDER CONFIG: refuses a version that does not know the configuration, or cannot do its work here.
try_release() {
    local command=$1/venv/bin/$NAME file=$2 said
    [[ -e $file ]] || file=$1/config.example.toml
    # From where the service's relative paths begin.
    said=$(cd "$STATE" 2>/dev/null; "$command" check --config "$file" 2>&1) || fail "$said"
    said=$(PYTHONDONTWRITEBYTECODE='' "$command" run --source demo --limit 1 --no-sinks 2>&1) ||
        fail "this version does not work here: $(tail -n 1 <<<"$said")"
}

# put_settings FOLDER CONFIG: the old configuration stays, or beside the one given. Addresses of cameras hold passwords,
# so of others only the service's group reads it, which may have another number since the last installation.
put_settings() {
    local file=$SETTINGS/config.toml given=$2
    mkdir -p "$SETTINGS"
    rm -f "$file.new"
    if [[ -n $given && -e $file && $given -ef $file ]]; then given=""; fi
    if [[ -n $given || ! -e $file ]]; then
        # All of it first: a full disk, or a file given that lies here, must not cost what there was.
        install -m 640 -g $NAME "${given:-$1/config.example.toml}" "$file.new"
    fi
    rm -f "$file.old"
    if [[ -e $file.new ]]; then
        if [[ -e $file ]]; then ln "$file" "$file.old"; fi
        mv -T "$file.new" "$file"
    fi
    chgrp $NAME "$file"
    chmod g+r "$file"
}

make_user() {
    local group
    systemd-sysusers "$1/systemd/sysusers.conf"
    for group in "${GROUPS_OF_DEVICES[@]}"; do
        if getent group "$group" >/dev/null; then usermod --append --groups "$group" $NAME; fi
    done
}

# Updated models are root's, within the state of a user who may have another number since the last installation.
make_state() {
    if [[ -L $STATE/models ]]; then rm "$STATE/models"; fi
    mkdir -p "$STATE/models"
    if [[ $(stat -c %U "$STATE") != "$NAME" ]]; then chown -R $NAME:$NAME "$STATE"; fi
    chown -R root:root "$STATE/models"
    chmod 755 "$STATE/models"
}

# What runs, or is about to: between two starts, without its camera for example, a service is not "active". Else nothing.
running_release() {
    case $(systemctl is-active $NAME) in
        inactive | failed | unknown) ;;
        *) basename "$(readlink "$PROGRAM/current")" ;;
    esac
}

# start RELEASE: switch to it. Where it does not start and another state did, back to that.
start() {
    local release=$1 before began said
    before=$(running_release)
    say "starting the service"
    began=$(date +%s)
    if switch_to "$release"; then
        find "$PROGRAM/releases" -mindepth 1 -maxdepth 1 -not -name "$release" -exec rm -rf {} +
        return
    fi
    if [[ -n $before ]]; then
        said=$(complaint "$began")
        if [[ -e $SETTINGS/config.toml.old ]]; then mv "$SETTINGS/config.toml.old" "$SETTINGS/config.toml"; fi
        switch_to "$before" || true
        fail "this version does not start with these settings, so all is as before: $said"
    fi
    say "installed, but it does not start yet: $(complaint "$began")"
    "$COMMAND" doctor >&2 || true
    exit 1
}

# switch_to RELEASE: link, unit and its additions from there, then start. Fails where a step does, or where the service is
# not ready in time. It is called where bash would go on after a failure: so each step says what then.
switch_to() {
    local release=$PROGRAM/releases/$1 addresses
    ln -sfn "releases/$1" "$PROGRAM/current.new" || return 1
    mv -T "$PROGRAM/current.new" "$PROGRAM/current" || return 1
    ln -sfn "$PROGRAM/current/venv/bin/$NAME" "$COMMAND" || return 1
    install -m 644 "$release/systemd/$NAME.service" "$UNIT.new" || return 1
    mv -T "$UNIT.new" "$UNIT" || return 1
    rm -f "$UNIT.d"/10-*.conf
    mkdir -p "$UNIT.d" || return 1
    if (($(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p') >= 254)); then
        drop_in "$release" backoff || return 1
    fi
    if [[ -e /etc/nv_tegra_release ]]; then drop_in "$release" jetson || return 1; fi
    addresses=$("$release/venv/bin/python" -I -m edge.network "$SETTINGS/config.toml") || return 1
    if [[ -n $addresses ]]; then
        printf '# What the configuration speaks to.\n[Service]\nIPAddressAllow=%s\n' "$addresses" \
            >"$UNIT.d/10-network.conf" || return 1
    fi
    rmdir --ignore-fail-on-non-empty "$UNIT.d"
    systemctl daemon-reload || return 1
    systemctl --quiet enable $NAME || return 1
    systemctl restart $NAME 2>/dev/null
}

drop_in() { install -m 644 "$1/systemd/drop-ins/$2.conf" "$UNIT.d/10-$2.conf"; }

# complaint SINCE: what the service said before it ended.
complaint() {
    local said
    said=$(journalctl --quiet --unit $NAME --since "@$1" --output cat | grep -E "^($NAME: |ERROR |CRITICAL )" | tail -n 1)
    printf '%s\n' "${said:-see journalctl -u $NAME}"
}

# What the broker keeps of this device, Home Assistant's entry among it, goes with it.
forget_device() {
    local python=$PROGRAM/current/venv/bin/python
    [[ -x $python && -f $SETTINGS/config.toml ]] || return 0
    CREDENTIALS_DIRECTORY=$SETTINGS "$python" -I -m edge.sinks.mqtt.forget --config "$SETTINGS/config.toml" ||
        say "the broker keeps its last messages of this device: see above"
}

uninstall_service() {
    local purge=no
    case $* in
        "") ;;
        --purge) purge=yes ;;
        *) fail "uninstall $*: the only option is --purge, which removes settings and state, too" ;;
    esac
    [[ $(id -u) == 0 ]] || fail "this needs root: sudo ./setup.sh uninstall"
    systemctl --quiet disable --now $NAME 2>/dev/null || true
    forget_device
    rm -f "$UNIT" "$UNIT.d"/10-*.conf "$COMMAND"
    rm -rf "$PROGRAM" "/run/$NAME"
    if [[ $purge == yes ]]; then rm -rf "$SETTINGS" "$STATE" "$UNIT.d"; fi
    if [[ -d $UNIT.d ]]; then rmdir --ignore-fail-on-non-empty "$UNIT.d"; fi
    systemctl daemon-reload
    systemctl reset-failed $NAME 2>/dev/null || true
    if getent passwd $NAME >/dev/null; then userdel $NAME; fi
    say "removed$([[ $purge == yes ]] || [[ ! -d $SETTINGS ]] || printf '; kept: %s, %s' "$SETTINGS" "$STATE")"
}
