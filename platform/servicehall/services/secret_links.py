"""Links that let somebody do one thing without signing in. Their secret is stored nowhere: it is made of the
installation's key and of what the link is for, so that a mail can be written later; a record keeps its hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from servicehall import config


def secret_of(purpose: str, identity: str) -> str:
    """The secret of one link: 256 bits that nobody guesses who does not know the key."""
    key = config.current().secret_key.encode()
    made = hmac.digest(key, f"secret-link/{purpose}/{identity}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def hash_of(secret: str) -> str:
    """What is stored of a secret; events name contents by bare hashes, so this one says that it is none."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"
