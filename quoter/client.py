"""How the command line talks to a running quoter: its HTTP on loopback, with the token from the data folder.

The standard library's client: a command that is typed in a hurry must not wait for a larger one to be imported.
"""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote

from core import config
from core.errors import KwmError
from quoter.shell import heartbeat

_NOT_ALLOWED = 403


class NotRunning(KwmError):
    """No quoter answers."""

    exit_code = 3


class Hangs(NotRunning):
    """Something listens there and says nothing: a second quoter must not be started beside it."""


class Refused(KwmError):
    """The quoter said no; the words are its own."""

    exit_code = 4


class Client:
    """One short conversation."""

    def __init__(self, timeout_s: float = 15.0, *, to_trade: bool = True) -> None:
        self.timeout_s = timeout_s
        self.settings = config.load(to_trade=to_trade)
        self.data = self.settings.storage.data.resolve()
        host, self.port = self.settings.dashboard.host, self.settings.dashboard.port
        self.host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        self.base = f"http://{self.host}:{self.port}"

    def get(self, path: str) -> Any:
        """JSON of a read. Raises: NotRunning, Refused, KwmError."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Any = None) -> Any:
        """A command. Raises: NotRunning, Refused, KwmError."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """A change. Raises: NotRunning, Refused, KwmError."""
        return self._call("PATCH", path, body)

    def _call(self, method: str, path: str, body: Any) -> Any:
        token = self.data / "live" / "token"
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"} if token.exists() else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body)
        http = HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            http.request(method, quote(path, safe="/?=&"), sent, headers)
            answer = http.getresponse()
            text = answer.read()
        except TimeoutError as error:
            raise Hangs(
                f"the quoter at {self.base} did not answer within {self.timeout_s:g} s: it hangs, or is very busy;"
                " kwm kill cancels our orders without it"
            ) from error
        except (OSError, HTTPException) as error:
            raise NotRunning(f"no quoter answers at {self.base}: start it with kwm up (or kwm quote)") from error
        finally:
            http.close()
        try:
            found = json.loads(text)
        except ValueError as error:
            raise KwmError(f"{path}: {answer.status}, not JSON: is another program on this port?") from error
        if 200 <= answer.status < 300:
            return found
        if answer.status == _NOT_ALLOWED and not token.exists():
            raise Refused(
                f"the quoter at {self.base} takes orders only with its token, and {token} does not exist: go to the"
                " folder where it was started, or set KWM_STORAGE__DATA to its data folder"
            )
        raise Refused(str(found.get("error", answer.status)) if isinstance(found, dict) else path)

    def last_heartbeat(self) -> dict[str, Any]:
        """What the quoter last said of itself, running or not."""
        return heartbeat.last(self.data)
