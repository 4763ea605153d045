"""Secrets at rest: sealed with a key kept outside the database, bound to the row they are for."""

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from quantmatrix_engine.errors import SettingsError


class Vault:
    """Seals and opens texts. The newest key comes first; older ones still open.

    A sealed text is bound to a `context` (such as `discord_webhooks/7/signals`): moved to another
    row it does not open.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError(
                "A vault key is not usable: it must be 32 bytes in URL-safe base64, as "
                "`Vault.new_key()` gives."
            ) from None

    def __repr__(self) -> str:
        return "Vault(keys=hidden)"

    @staticmethod
    def new_key() -> str:
        """Gives a fresh key."""
        return Fernet.generate_key().decode()

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
