"""Who signs a request: verification of Kalshi's three headers with registered public keys (FACTS §3.2). Pure.

Signed text: timestamp in ms + METHOD + path without query. RSA-PSS(SHA-256, salt = digest length) or Ed25519.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

WINDOW_MS = 5_000  # Kalshi says nowhere; in June 2026 demo took 5 s either way and refused 30
PublicKey = Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class Keyring:
    """key id -> (user, public key)."""

    keys: dict[str, tuple[str, PublicKey]]

    def user_of(self, key_id: str, timestamp: str, signature: str, method: str, path: str, now_ms: int) -> str | None:
        """The user who signed this, or None: unknown key, stale timestamp, wrong signature."""
        known = self.keys.get(key_id)
        if known is None or not timestamp.isdigit() or len(timestamp) > 16 or abs(now_ms - int(timestamp)) > WINDOW_MS:
            return None
        user, key = known
        text = f"{timestamp}{method}{path}".encode()
        try:
            raw = base64.b64decode(signature, validate=True)
            if isinstance(key, Ed25519PublicKey):
                key.verify(raw, text)
            else:
                salt = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
                key.verify(raw, text, salt, hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return None
        return user
