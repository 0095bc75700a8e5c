"""Who may change something: whoever has the token. As a Bearer header, or as the page's cookie from the same origin.

The page on this machine gets the cookie by itself. From another machine (or out of a container) it is opened once as
`/?token=...`, or whoever reaches the port could halt us, raise a limit, or resume after one.
"""

import hmac
import ipaddress
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
        return "a token is needed: the one in data/live/token; open the page once as /?token=... with it"
    return "" if origin else "a page must say its origin; scripts send the token as a Bearer header"


def may_have_cookie(request: Request, token: str) -> bool:
    """May this page have the token? Where it is opened on this machine, or with the token."""
    for given in (request.query_params.get("token", ""), request.cookies.get(COOKIE, "")):
        if hmac.compare_digest(given.encode(), token.encode()):
            return True
    return request.client is not None and is_loopback(request.client.host)


def is_loopback(host: str) -> bool:
    """`127.0.0.1`, `::1`, `localhost`."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def known_host(host: str, serves: str) -> bool:
    """A page elsewhere must not reach us under a name of its own (DNS rebinding). `host`: the Host header; `serves`:
    where we listen. A name with a dot is anybody's; an address, or a name of this network alone, is nobody's page."""
    name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
    if name == serves or is_loopback(name):
        return True
    return not is_loopback(serves) and (_address(name) is not None or (name != "" and "." not in name))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
