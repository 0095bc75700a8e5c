"""Keys: read once, from a file or the environment, and never shown. Ed25519 (recommended) or RSA.

The embedded exchange makes its own pair in `<data>/live/embedded_key.pem`, readable by its owner only.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from core.config import Settings
from core.config_record import NEEDS_READER
from core.errors import SettingsError

EMBEDDED_ID = "embedded"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key id and its private key in PEM; the key is not in its repr."""

    key_id: str
    pem: str = field(repr=False)

    def key(self) -> Ed25519PrivateKey | RSAPrivateKey:
        """The parsed key (costs 40 ms for RSA: once). Raises: SettingsError, without showing the key."""
        try:
            found = serialization.load_pem_private_key(self.pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingsError("the private key is not an unencrypted PEM key") from error
        if not isinstance(found, Ed25519PrivateKey | RSAPrivateKey):
            raise SettingsError("the private key must be Ed25519 or RSA")
        return found


def embedded_key_path(data: Path) -> Path:
    """Where the embedded exchange keeps the pair it made."""
    return data / "live" / "embedded_key.pem"


def make_embedded_key(data: Path) -> Credentials:
    """The embedded exchange's key pair, made when absent."""
    path = embedded_key_path(data)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        temporary = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        temporary.replace(path)
    return Credentials(EMBEDDED_ID, path.read_text())


def credentials(settings: Settings) -> Credentials:
    """Who speaks to the chosen environment's exchange: the trading key; where everything is on paper, the one that may
    only read. Raises: SettingsError naming the setting."""
    return paper_key(settings) if settings.paper.only else trading_key(settings)


def paper_key(settings: Settings) -> Credentials:
    """A key that may read. Raises: SettingsError naming the setting; never the trading key."""
    if settings.exchange.environment == "embedded":
        return trading_key(settings)
    paper = settings.paper
    if not paper.key_id or not paper.key_file:
        raise SettingsError(NEEDS_READER)
    if paper.key_id == settings.exchange.key_id:
        raise SettingsError("[paper] key_id is the trading key; make another one with the scope `read` alone")
    return Credentials(paper.key_id, _read("paper", paper.key_file))


def trading_key(settings: Settings) -> Credentials:
    """The key of [exchange]. Raises: SettingsError naming the setting."""
    exchange = settings.exchange
    if exchange.environment == "embedded":
        path = embedded_key_path(settings.storage.data)
        if not path.exists():
            raise SettingsError(
                f"{path} does not exist: the embedded exchange makes it when it starts (kwm exchange serve)"
            )
        return Credentials(EMBEDDED_ID, path.read_text())
    pem = os.environ.get("KWM_EXCHANGE__KEY_PEM", "") or _read("exchange", exchange.key_file)
    return Credentials(exchange.key_id, in_lines(pem))


def watchdog_key(settings: Settings) -> Credentials:
    """The watchdog's own key, or the quoter's where none is set. Raises: SettingsError."""
    own = settings.watchdog
    if not own.key_id:
        return trading_key(settings)
    return Credentials(own.key_id, _read("watchdog", own.key_file))


def _read(section: str, key_file: str) -> str:
    """Raises: SettingsError naming the setting."""
    path = Path(key_file).expanduser()
    try:
        return path.read_text()
    except OSError as error:
        raise SettingsError(f"[{section}] key_file: {path} cannot be read ({error.strerror})") from error


def every_key(settings: Settings) -> list[Credentials]:
    """The quoter's key and the watchdog's, each once: for who takes orders away by whichever still works.

    Raises: SettingsError where none of them can be read.
    """
    found: dict[str, Credentials] = {}
    troubles = []
    for read in (trading_key, watchdog_key):
        try:
            key = read(settings)
            key.key()
            found.setdefault(key.key_id, key)
        except SettingsError as error:
            troubles.append(error)
    if not found:
        raise troubles[0]
    return list(found.values())


def in_lines(pem: str) -> str:
    """A key that a variable holds in one line, `\\n` for its line ends, as files of variables must have it."""
    return pem.strip().strip('"').replace("\\n", "\n") if "\\n" in pem else pem
