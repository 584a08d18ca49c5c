"""Who may come in: the device itself, or whoever shows the token."""

from __future__ import annotations

import hmac
from typing import Final

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")


class Door:
    """Knows the token; None: the page is for this device alone and there is none."""

    def __init__(self, token: str | None, port: int) -> None:
        self._token = token
        # Cookies of one host are shared by all its ports.
        self.cookie_name = f"emotion-edge-{port}"
        # Not the token: a cookie that leaks cannot be typed in elsewhere. It changes with the token, and outlives a
        # restart, so that a phone need not be shown the token again.
        self.cookie = hmac.digest((token or "").encode(), b"emotion-edge cookie", "sha256").hex()

    @property
    def locked(self) -> bool:
        return self._token is not None

    def fits(self, token: str) -> bool:
        return self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())

    def admits(self, cookie: str | None, authorization: str | None) -> bool:
        """By cookie, or by the header `Authorization: Bearer TOKEN`."""
        if not self.locked:
            return True
        if cookie is not None and hmac.compare_digest(cookie.encode(), self.cookie.encode()):
            return True
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self.fits(token.strip())

    def addressed(self, host: str) -> bool:
        """Whether a request's Host header means us.

        Without a token only the loopback's own names do: any other was made to point here, so that a page from the
        internet could read ours (DNS rebinding). With one the cookie, which belongs to one host, is in the way.
        """
        name = host.lower() if host.endswith("]") else host.lower().rsplit(":", 1)[0]
        return self.locked or name in LOOPBACK_NAMES
