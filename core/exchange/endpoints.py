"""Where the exchange is, for each environment (Kalshi API environments, October 2026). Pure but for two variables.

`KWM_REST_URL` and `KWM_WS_URL` move the embedded exchange to another port or put a proxy before it. They are refused in
demo and production: a signed request must not be led elsewhere by a variable somebody forgot.
"""

import os
from dataclasses import dataclass

from core.config import Settings
from core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Endpoints:
    """REST base with /trade-api/v2, and the WebSocket address."""

    rest: str
    stream: str


_HOSTS = {
    "demo": Endpoints("https://external-api.demo.kalshi.co/trade-api/v2",
                      "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2"),
    "production": Endpoints("https://external-api.kalshi.com/trade-api/v2",
                            "wss://external-api-ws.kalshi.com/trade-api/ws/v2"),
}  # fmt: skip


def endpoints(settings: Settings, environ: dict[str, str] | None = None) -> Endpoints:
    """The addresses of the chosen environment. Raises: SettingsError for an override outside the embedded world."""
    env = dict(os.environ if environ is None else environ)
    rest, stream = env.get("KWM_REST_URL", ""), env.get("KWM_WS_URL", "")
    if settings.exchange.environment == "embedded":
        host = f"127.0.0.1:{settings.exchange.port}"
        return Endpoints(rest or f"http://{host}/trade-api/v2", stream or f"ws://{host}/trade-api/ws/v2")
    if rest or stream:
        raise SettingsError(
            f"KWM_REST_URL and KWM_WS_URL are for the embedded exchange; unset them in {settings.exchange.environment}"
        )
    return _HOSTS[settings.exchange.environment]
