"""Secrets at rest: sealed with a key kept outside the database, bound to the row they are for."""

import base64
import hashlib
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from quantmatrix_engine.errors import SettingsError

KEY_BYTES = 32


def raw_keys(keys: Sequence[str], *, kind: str) -> list[bytes]:
    """Gives the bytes of keys written in URL-safe base64, 32 each and one at least.

    Raises SettingsError, without showing any, where one is not; `kind` is what they are for.
    """
    try:
        raw = [base64.urlsafe_b64decode(key) for key in keys]
    except ValueError:
        raw = []
    if not raw or any(len(key) != KEY_BYTES for key in raw):
        raise SettingsError(
            f"The {kind} keys are not usable: there must be one at least, and each must be "
            f"{KEY_BYTES} bytes in URL-safe base64, as `Vault.new_key()` gives."
        )
    return raw


def id_of_key(raw: bytes) -> str:
    """Gives the id of a key: the first 16 hexadecimal digits of its SHA-256, which show nothing."""
    return hashlib.sha256(raw).hexdigest()[:16]


class Vault:
    """Seals and opens texts. The newest key comes first; older ones still open.

    A sealed text is bound to a `context` (such as `discord_webhooks/7/signals`): moved to another
    row it does not open.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._key_id = id_of_key(raw_keys(keys, kind="vault")[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def __repr__(self) -> str:
        return "Vault(keys=hidden)"

    @staticmethod
    def new_key() -> str:
        """Gives a fresh key."""
        return Fernet.generate_key().decode()

    @property
    def key_id(self) -> str:
        """The id of the newest key, the one that seals."""
        return self._key_id

    def seal(self, text: str, *, context: str) -> str:
        """Gives `text` encrypted for `context`."""
        return self._fernet.encrypt(json.dumps([context, text]).encode()).decode()

    def open(self, sealed: str, *, context: str) -> str:
        """Gives the text that was sealed for `context`.

        Raises SettingsError where no key opens it or where it was sealed for another row.
        """
        try:
            sealed_for, text = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise SettingsError(
                f"The secret of {context} does not open with the keys at hand; restore the key "
                "it was sealed with, or set the secret again."
            ) from None
        if sealed_for != context:
            raise SettingsError(f"The secret of {context} was sealed for another row.")
        return str(text)

    def rotate(self, sealed: str, *, context: str) -> str:
        """Gives the same secret sealed with the newest key. Raises what `open` raises."""
        return self.seal(self.open(sealed, context=context), context=context)
