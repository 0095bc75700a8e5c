"""Who may change something: whoever has the token. As a Bearer header, or as the page's cookie from the same origin."""

import hmac
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request

from core.storage.files import write_whole

COOKIE = "kwm_token"


def token_of(data: Path, chosen: str) -> str:
    """The settings' token, or the one in `<data>/live/token` (made when absent, readable by its owner only)."""
    path = data / "live" / "token"
    if chosen:
        write_whole(path, chosen.encode(), mode=0o600)
        return chosen
    if path.exists() and (found := path.read_text().strip()):
        return found
    made = secrets.token_urlsafe(24)
    write_whole(path, made.encode(), mode=0o600)
    return made


def may_change(request: Request, token: str) -> str:
    """ "" when this request may change something, else why not. A page of another origin never may."""
    origin = request.headers.get("origin", "")
    if origin and urlsplit(origin).netloc != request.headers.get("host", ""):
        return "only the dashboard's own page may do this"
    given = request.headers.get("authorization", "")
    if given.startswith("Bearer "):
        return "" if hmac.compare_digest(given[7:].encode(), token.encode()) else "wrong token"
    cookie = request.cookies.get(COOKIE, "")
    if not cookie or not hmac.compare_digest(cookie.encode(), token.encode()):
        return "a token is needed: the one in data/live/token"
    return "" if origin else "a page must say its origin; scripts send the token as a Bearer header"


def known_host(host: str, allowed: set[str]) -> bool:
    """A page elsewhere must not reach us under a name of its own (DNS rebinding). `host`: the Host header."""
    return host.rsplit(":", 1)[0].strip("[]") in allowed
