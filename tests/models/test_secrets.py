"""The vault: what it seals opens with its keys, for its row, and for nothing else."""

import pytest

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.secrets import Vault

ADDRESS = "https://discord.com/api/webhooks/1/token"


def test_a_sealed_text_opens_again() -> None:
    vault = Vault([Vault.new_key()])
    sealed = vault.seal(ADDRESS, context="discord_webhooks/7/signals")
    assert vault.open(sealed, context="discord_webhooks/7/signals") == ADDRESS


def test_a_sealed_text_shows_nothing_of_the_text_and_differs_each_time() -> None:
    vault = Vault([Vault.new_key()])
    first, second = (vault.seal(ADDRESS, context="row/1") for _ in range(2))
    assert "discord" not in first
    assert first != second


def test_a_sealed_text_moved_to_another_row_is_refused() -> None:
    vault = Vault([Vault.new_key()])
    sealed = vault.seal(ADDRESS, context="discord_webhooks/7/signals")
    with pytest.raises(SettingsError, match="discord_webhooks/8/signals was sealed for another"):
        vault.open(sealed, context="discord_webhooks/8/signals")


def test_another_key_does_not_open_it_and_the_error_shows_no_secret() -> None:
    key = Vault.new_key()
    sealed = Vault([Vault.new_key()]).seal(ADDRESS, context="row/1")
    with pytest.raises(SettingsError, match=r"row/1 does not open with the keys") as caught:
        Vault([key]).open(sealed, context="row/1")
    assert key not in str(caught.value)
    assert sealed not in str(caught.value)


@pytest.mark.parametrize("damaged", ["", "not sealed at all", "gAAAAAB", "ungültig"])
def test_a_text_that_was_never_sealed_is_refused(damaged: str) -> None:
    with pytest.raises(SettingsError, match="does not open"):
        Vault([Vault.new_key()]).open(damaged, context="row/1")


def test_a_sealed_text_with_one_character_changed_is_refused() -> None:
    vault = Vault([Vault.new_key()])
    sealed = vault.seal(ADDRESS, context="row/1")
    changed = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    with pytest.raises(SettingsError, match="does not open"):
        vault.open(changed, context="row/1")


def test_an_old_key_still_opens_behind_a_new_one_and_the_new_one_seals() -> None:
    old, new = Vault.new_key(), Vault.new_key()
    sealed_before = Vault([old]).seal(ADDRESS, context="row/1")
    both = Vault([new, old])
    assert both.open(sealed_before, context="row/1") == ADDRESS
    assert Vault([new]).open(both.seal(ADDRESS, context="row/1"), context="row/1") == ADDRESS


def test_the_printed_vault_shows_no_key() -> None:
    key = Vault.new_key()
    assert repr(Vault([key])) == str(Vault([key])) == "Vault(keys=hidden)"


@pytest.mark.parametrize("keys", [[], [""], ["too short"], ["ü" * 44], [Vault.new_key(), "bad"]])
def test_a_key_that_is_none_is_a_clear_error_without_the_key(keys: list[str]) -> None:
    with pytest.raises(SettingsError, match="32 bytes in URL-safe base64") as caught:
        Vault(keys)
    assert not any(key and key in str(caught.value) for key in keys)


def test_the_key_id_is_that_of_the_newest_key_and_shows_nothing_of_it() -> None:
    """Sixteen digits of the SHA-256 over the key's bytes: here of 32 zeros, by `sha256sum`."""
    zeros, other = "A" * 43 + "=", Vault.new_key()
    assert Vault([zeros, other]).key_id == "66687aadf862bd77"
    assert Vault([other, zeros]).key_id != "66687aadf862bd77"
    assert Vault([other]).key_id not in other


def test_a_rotated_secret_opens_with_the_newest_key_alone() -> None:
    old, new = Vault.new_key(), Vault.new_key()
    sealed = Vault([old]).seal(ADDRESS, context="row/1")
    rotated = Vault([new, old]).rotate(sealed, context="row/1")
    assert Vault([new]).open(rotated, context="row/1") == ADDRESS
    with pytest.raises(SettingsError, match="does not open"):
        Vault([old]).open(rotated, context="row/1")


def test_a_secret_moved_to_another_row_is_not_rotated() -> None:
    vault = Vault([Vault.new_key()])
    sealed = vault.seal(ADDRESS, context="row/1")
    with pytest.raises(SettingsError, match="row/2 was sealed for another row"):
        vault.rotate(sealed, context="row/2")


def test_a_secret_of_an_unknown_key_is_not_rotated() -> None:
    sealed = Vault([Vault.new_key()]).seal(ADDRESS, context="row/1")
    with pytest.raises(SettingsError, match="does not open"):
        Vault([Vault.new_key()]).rotate(sealed, context="row/1")
