"""Connections that nobody knows yet: how many there may be, and who goes first."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from eventhub.server import lobby as lobbies
from eventhub.server.lobby import Lobby
from tests.conftest import MakeServer
from tests.hostile.few_files import FILES
from tests.hostile.peer import Peer
from tests.waiting import WITHIN_S, eventually


class Guest:
    def __init__(self, *, is_idle: bool = True) -> None:
        self.is_idle = is_idle
        self.is_out = False

    def turn_out(self) -> None:
        self.is_out = True


@pytest.fixture
def lobby(monkeypatch: pytest.MonkeyPatch) -> Lobby:
    monkeypatch.setattr(lobbies, "PATIENCE_S", 0)
    return Lobby(2, "10.0.0.1")


async def test_one_address_too_many_turns_out_who_has_idled_for_longest(lobby: Lobby) -> None:
    busy, idle, new, other = Guest(is_idle=False), Guest(), Guest(), Guest()
    assert [lobby.enter(each, "1.2.3.4", 10) for each in (busy, idle)] == [True, True]
    assert lobby.enter(other, "5.6.7.8", 10)
    assert lobby.enter(new, "1.2.3.4", 10)
    assert [each.is_out for each in (busy, idle, new, other)] == [False, True, False, False]


async def test_where_nobody_idles_the_newest_is_refused_but_not_a_proxys(lobby: Lobby) -> None:
    for address, enters in (("1.2.3.4", False), ("10.0.0.1", True)):
        for _ in range(2):
            lobby.enter(Guest(is_idle=False), address, 10)
        assert lobby.enter(Guest(), address, 10) is enters


async def test_who_has_left_takes_no_room(lobby: Lobby) -> None:
    for _ in range(5):
        guest = Guest(is_idle=False)
        assert lobby.enter(guest, "1.2.3.4", 10)
        lobby.leave(guest)
        lobby.leave(guest)
    assert len(lobby) == 0


async def test_who_goes_on_in_another_form_keeps_the_place_and_takes_no_second_one(lobby: Lobby) -> None:
    request, websocket = Guest(), Guest()
    assert lobby.enter(request, "1.2.3.4", 10)
    lobby.pass_on(request, websocket)
    assert lobby.enter(Guest(is_idle=False), "1.2.3.4", 10)
    assert len(lobby) == 2
    assert lobby.enter(Guest(), "1.2.3.4", 10)
    assert (request.is_out, websocket.is_out) == (False, True)
    lobby.leave(websocket)
    assert len(lobby) == 2
    lobby.pass_on(request, websocket)  # which is gone
    assert len(lobby) == 2


@pytest.mark.lane
def test_when_the_files_run_out_the_log_tells_newcomers_are_answered_and_it_recovers(make_server: MakeServer) -> None:
    server = make_server(start=False)
    server.program = Path(__file__).with_name("few_files.py")
    server.start()
    with ExitStack() as stack:
        peers = [Peer(server.ports[0]) for _ in range(FILES)]
        for peer in peers:
            stack.enter_context(peer.socket)
        refused = "503 Service Unavailable: Too many connections; come back later."
        eventually(lambda: refused in {peer.outcome(within=0.1) for peer in peers[-20:]})
    assert server.log.count("files that may be open") == 1
    eventually(lambda: httpx.get(f"{server.url}/healthz").status_code == 200)  # they leave one by one


@pytest.mark.lane
def test_an_address_that_is_no_proxys_has_a_bound(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_MAX_PENDING_PER_ADDRESS": "5"})
    with ExitStack() as stack:

        def connect(source: str) -> socket.socket:
            address = ("127.0.0.1", server.ports[0])
            return stack.enter_context(socket.create_connection(address, WITHIN_S, source_address=(source, 0)))

        strangers = [connect("127.0.0.2") for _ in range(6)]
        assert strangers[-1].recv(100).startswith(b"HTTP/1.1 503 ")
        of_a_proxy = [connect("127.0.0.1") for _ in range(6)]
        for each in of_a_proxy:
            each.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert each.recv(100).startswith(b"HTTP/1.1 200 ")
    assert "have not said who they are" in server.log
