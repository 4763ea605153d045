from collections.abc import Iterator

import pytest
from support.discord_server import DiscordServer


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    with DiscordServer() as server:
        yield server
