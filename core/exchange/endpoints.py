"""Where the exchange is, for each environment (Kalshi API environments, October 2026). Pure."""

from dataclasses import dataclass

from core.config import Settings


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


def endpoints(settings: Settings) -> Endpoints:
    """The addresses of the chosen environment."""
    if settings.exchange.environment == "embedded":
        host = f"127.0.0.1:{settings.exchange.port}"
        return Endpoints(f"http://{host}/trade-api/v2", f"ws://{host}/trade-api/ws/v2")
    return _HOSTS[settings.exchange.environment]
