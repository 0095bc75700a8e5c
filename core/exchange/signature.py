"""Kalshi's three headers for a request: key id, milliseconds, signature over `ms + METHOD + path` without the query.

Ed25519, or RSA-PSS with SHA-256, MGF1-SHA256 and a salt as long as the digest (FACTS §3.2).
"""

import base64
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from core.exchange.credentials import Credentials


def signature(key: Ed25519PrivateKey | RSAPrivateKey, text: bytes) -> str:
    """Base64 of the signature."""
    if isinstance(key, Ed25519PrivateKey):
        return base64.b64encode(key.sign(text)).decode()
    salt = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    return base64.b64encode(key.sign(text, salt, hashes.SHA256())).decode()


def headers(key_id: str, key: Ed25519PrivateKey | RSAPrivateKey, method: str, path: str) -> dict[str, str]:
    """The headers of a request made now; `path` with its prefix, without host and query."""
    stamp = str(time.time_ns() // 1_000_000)
    return {
        "KALSHI-ACCESS-KEY": key_id,
        "KALSHI-ACCESS-TIMESTAMP": stamp,
        "KALSHI-ACCESS-SIGNATURE": signature(key, f"{stamp}{method}{path}".encode()),
    }


def signed(credentials: Credentials, method: str, path: str) -> dict[str, str]:
    """`headers`, with the key parsed anew: for a request once in a while."""
    return headers(credentials.key_id, credentials.key(), method, path)
