"""How the command line talks to a running quoter: its HTTP on loopback, with the token from the data folder."""

from typing import Any

import httpx

from core import config
from core.errors import KwmError
from quoter.shell import heartbeat


class NotRunning(KwmError):
    """No quoter answers."""

    exit_code = 3


class Refused(KwmError):
    """The quoter said no; the words are its own."""

    exit_code = 4


class Client:
    """One short conversation."""

    def __init__(self, timeout_s: float = 15.0) -> None:
        self.timeout_s = timeout_s
        self.settings = config.load()
        self.data = self.settings.storage.data.resolve()
        host = self.settings.dashboard.host
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        self.base = f"http://{host}:{self.settings.dashboard.port}"

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
        try:
            with httpx.Client(timeout=self.timeout_s, trust_env=False) as http:
                answer = http.request(method, self.base + path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise NotRunning(f"no quoter answers at {self.base}: start it with kwm up (or kwm quote)") from error
        try:
            found = answer.json()
        except ValueError as error:
            raise KwmError(f"{path}: {answer.status_code}, not JSON: is another program on this port?") from error
        if answer.is_success:
            return found
        raise Refused(str(found.get("error", answer.status_code)) if isinstance(found, dict) else path)

    def last_heartbeat(self) -> dict[str, Any]:
        """What the quoter last said of itself, running or not."""
        return heartbeat.last(self.data)
