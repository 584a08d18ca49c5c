"""What the service must be able to reach: everything else stays closed to it (systemd's IPAddressDeny=any).

`python -m edge.network CONFIG` prints the addresses for systemd's IPAddressAllow=, or nothing.
"""

from __future__ import annotations

import re
import socket
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from edge.config import Config
from edge.config_file import load_config
from edge.config_rules import is_loopback
from edge.errors import EdgeError

Address = IPv4Address | IPv6Address

LOCAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
"""Private and link-local networks, RFC 1918, 3927, 4193, 4291."""


def hosts(config: Config) -> list[str]:
    """The names or addresses of the other machines this configuration speaks to."""
    found = [config.mqtt.host] if config.mqtt.enabled else []
    # Also those within a GStreamer pipeline.
    found += [urlsplit(url).hostname or "" for url in re.findall(r"\w+://[^\s\"']+", config.camera.source)]
    return [host for host in found if host]


def addresses(host: str) -> list[Address]:
    """What a name or an address stands for now; nothing where nobody knows the name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(info[4][0]).partition("%")[0]) for info in found]


def allowed(config: Config) -> list[str]:
    """Networks in CIDR notation, or `any`. Loopback is always allowed and not among them.

    An address stands for itself. A name stands for all local networks, as its address may change tomorrow; and for
    the whole Internet where it leads there, or nowhere yet: then its name server may be out there, too. The page is for
    the local networks.
    """
    networks: set[str] = set()
    if config.web.enabled and not is_loopback(config.web.host):
        networks.update(LOCAL)  # who looks at the page
    for host in hosts(config):
        now = addresses(host)
        if now and all(address.is_loopback for address in now):
            continue
        if _is_address(host):
            networks.add(host)
        elif now and all(address.is_private for address in now):
            networks.update(LOCAL)
        else:
            networks.add("any")
    return ["any"] if "any" in networks else sorted(networks)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def main(arguments: list[str]) -> None:
    try:
        print(*allowed(load_config(Path(arguments[0]))))  # noqa: T201
    except EdgeError as err:
        sys.exit(f"emotion-edge: {err}")


if __name__ == "__main__":
    main(sys.argv[1:])
