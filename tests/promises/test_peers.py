"""`make bench-peers` measures the peers that are here, and says which are not."""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.clients.checked_centrifugo import lines_in
from benchmarks.fanout import installed_peers
from benchmarks.servers import centrifugo
from benchmarks.servers.posts import Posts


def frame(payload: bytes) -> bytes:
    return bytes((0x81, len(payload))) + payload


def test_a_peer_that_is_not_installed_is_left_out_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(centrifugo.SETTING, "/nowhere/centrifugo")
    found, left_out = installed_peers()
    assert "centrifugo" not in found
    assert centrifugo.MISSING in left_out


def test_a_peer_is_found_where_the_variable_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    binary = tmp_path / "another-name"
    binary.touch(mode=0o755)
    monkeypatch.setenv(centrifugo.SETTING, str(binary))
    assert "centrifugo" in installed_peers()[0]
    assert centrifugo.binary() == str(binary)


def test_events_of_centrifugo_are_the_same_in_whichever_frames_they_come() -> None:
    places = [b',"offset":1,"epoch":"KUrrWgeQ"', b',"offset":2']
    wrapped = [b'{"push":{"channel":"events","pub":{"data":{"n":%d}%b}}}' % each for each in enumerate(places)]
    both, events = frame(b"\n".join([*wrapped, b"{}"])), b'{"n":0}\n{"n":1}\n'
    assert lines_in(both + frame(b"not all")[:5]) == (events, len(both), 1)
    assert lines_in(b"".join(map(frame, wrapped)))[0] == events


def test_a_peer_that_closes_an_idle_connection_is_called_on_a_new_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_once() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        posts = Posts(listening.getsockname()[1], "/publish")
        for _ in range(2):
            peer = Thread(target=answer_once, daemon=True)
            peer.start()
            assert posts.post([b"{}"]) == [b"ok"]
            peer.join()  # it has closed the connection
        posts.close()
