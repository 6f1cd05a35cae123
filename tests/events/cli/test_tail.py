"""`tail_events`: the live stream in a terminal, against servers that behave well and ones that do not."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from threading import Thread
from typing import IO, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.signals import post_save
from knox.models import AuthToken
from pytest_django import Settings
from websockets.asyncio.server import ServerConnection, serve

from events.access import tokens
from events.cli import tail
from events.cli.tail import Request, Tail, TailError
from events.core.event_types import EventType
from events.management.commands import tail_events
from tests.cases import each_case
from tests.conftest import MakeServer
from tests.processes.warm import Piped
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, aeventually, eventually

FIELD = {"name": "severity", "label": "Severity", "type": "multiselect", "options": []}


def described(id: str, *fields: str) -> dict[str, Any]:
    return {
        "id": id,
        "label": id,
        "icon": "*",
        "summary": "{who} did " + id,
        "filterable_fields": [{**FIELD, "name": name} for name in fields],
    }


class FakeServer:
    """Speaks the protocol to one client at a time, as a script says."""

    def __init__(self) -> None:
        self.types = [described("user_login"), described("system_error", "severity", "component")]
        self.received: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.socket: ServerConnection | None = None
        self.refuse: Callable[[ServerConnection], Awaitable[None]] | None = None
        self.url = ""

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.tokens.append(socket.request.headers.get("Authorization"))
        if self.refuse:
            await self.refuse(socket)
            return
        self.socket = socket
        async for frame in socket:
            command = json.loads(frame)
            self.received.append(command)
            if command["action"] == "get_metadata":
                categories = [{"id": "all", "label": "All", "events": self.types}]
                await self.send({"type": "metadata", "data": {"version": 1, "limits": {}, "categories": categories}})
            else:
                id = f"sub_{len(self.received)}"
                await self.send({"type": "subscribed", "subscription_id": id, "event_types": command["event_types"]})

    async def send(self, message: object) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(message))

    async def event(self, event_type: str, **data: object) -> None:
        await self.send({"type": event_type, "id": "e-1", "timestamp": "2025-01-29T12:00:00.000Z", "data": data})

    @property
    def subscriptions(self) -> list[list[str]]:
        return [command["event_types"] for command in self.received if command["action"] == "subscribe"]


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    server = FakeServer()
    async with serve(server.serve, "127.0.0.1", 0) as listening:
        server.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/ws/events"
        yield server


class Shown:
    def __init__(self) -> None:
        self.events: list[tuple[dict[str, Any], EventType]] = []
        self.talk: list[str] = []

    @property
    def lines(self) -> list[str]:
        return [event_type.summarise(message["data"]) for message, event_type in self.events]


@asynccontextmanager
async def tailing(
    server: FakeServer, *event_types: str, filters: dict[str, list[str]] | None = None
) -> AsyncIterator[Shown]:
    shown = Shown()
    request = Request(server.url, "secret", event_types, filters or {})
    following = asyncio.create_task(
        Tail(request, lambda *event: shown.events.append(event), shown.talk.append, through_proxy=False).run()
    )
    try:
        await aeventually(lambda: shown.talk or following.done())
        yield shown
    finally:
        following.cancel()
        results = await asyncio.gather(following, return_exceptions=True)
    if isinstance(results[0], TailError):
        raise results[0]


async def refusal(server: FakeServer, *event_types: str, filters: dict[str, list[str]] | None = None) -> TailError:
    with pytest.raises(TailError) as refused:
        async with tailing(server, *event_types, filters=filters):
            pass
    return refused.value


async def test_events_are_shown_with_the_summary_of_their_type(fake: FakeServer) -> None:
    async with tailing(fake, "user_login") as shown:
        await fake.event("user_login", who="ada")
        await fake.event("nobody_knows_it", who="bob")
        await aeventually(lambda: len(shown.events) == 2)
        assert shown.lines == ["ada did user_login", "nobody_knows_it"]
        assert fake.tokens == ["Bearer secret"]


async def test_filters_are_asked_for_as_they_were_given(fake: FakeServer) -> None:
    filters = {"severity": ["error", "critical"], "component": ["django"]}
    async with tailing(fake, "system_error", filters=filters):
        [command] = [command for command in fake.received if command["action"] == "subscribe"]
        assert command == {"action": "subscribe", "event_types": ["system_error"], "filters": filters}


async def test_without_types_all_are_meant_that_have_the_filters(fake: FakeServer) -> None:
    async with tailing(fake):
        assert fake.subscriptions == [["user_login", "system_error"]]
    fake.received.clear()
    async with tailing(fake, filters={"severity": ["error"]}):
        assert fake.subscriptions == [["system_error"]]


async def test_a_type_made_meanwhile_is_followed_too(fake: FakeServer) -> None:
    async with tailing(fake):
        fake.types.append(described("order_paid"))
        await fake.send({"type": "metadata_changed", "version": 2})
        await aeventually(lambda: fake.subscriptions == [["user_login", "system_error"], ["order_paid"]])


async def test_only_so_many_types_are_asked_for_in_one_subscription(fake: FakeServer) -> None:
    fake.types = [described(f"type_{number}") for number in range(250)]
    async with tailing(fake):
        await aeventually(lambda: [len(ids) for ids in fake.subscriptions] == [100, 100, 50])


async def test_a_subscription_that_the_server_ends_is_made_anew(fake: FakeServer) -> None:
    async with tailing(fake, "user_login") as shown:
        ended = {"type": "unsubscribed", "subscription_id": "sub_2", "reason": "event_type_changed", "position": "e-1"}
        await fake.send(ended)
        await aeventually(lambda: fake.subscriptions == [["user_login"]] * 2)
        await fake.event("user_login", who="ada")
        await aeventually(lambda: shown.lines == ["ada did user_login"])


async def test_a_filter_that_is_removed_ends_it_rather_than_to_show_more(fake: FakeServer) -> None:
    async def serve(socket: ServerConnection) -> None:
        await socket.recv()
        ended = {"type": "unsubscribed", "subscription_id": "sub_2", "reason": "event_type_changed", "position": "e-1"}
        await socket.send(json.dumps({**ended, "filters_gone": ["who"]}))
        await socket.wait_closed()

    fake.refuse = serve
    assert str(await refusal(fake, "user_login")).startswith("who: this filter was removed")


async def test_an_unknown_type_is_told_with_those_that_there_are(fake: FakeServer) -> None:
    error = await refusal(fake, "user_logn")
    assert error.code == "unknown_event_type"
    assert str(error) == (
        'There is no event type "user_logn" (did you mean “user_login”?); allowed: user_login, system_error.'
    )


async def test_what_the_server_refuses_is_told_in_its_words(fake: FakeServer) -> None:
    async def serve(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps({"type": "error", "code": "unknown_filter", "message": "No such filter."}))
        await socket.wait_closed()

    fake.refuse = serve
    error = await refusal(fake, "user_login")
    assert (error.code, str(error)) == ("unknown_filter", "No such filter.")


@pytest.mark.parametrize("code", [4500, 4501, 4503, 4999])
async def test_a_server_that_says_not_to_come_back_is_obeyed(fake: FakeServer, code: int) -> None:
    async def close(socket: ServerConnection) -> None:
        await socket.close(code)

    fake.refuse = close
    assert (await refusal(fake, "user_login")).code == "unauthorized"
    assert len(fake.tokens) == 1


async def test_a_server_that_was_never_reached_is_told_as_such(fake: FakeServer) -> None:
    fake.url = "ws://127.0.0.1:9/ws/events"
    assert "Is a server running there" in str(await refusal(fake))
    fake.url = "http://127.0.0.1:9/"
    assert "is not a WebSocket address" in str(await refusal(fake))


@pytest.mark.parametrize("code", [1001, 1012, 4008, 4010, 4013])
async def test_a_lost_connection_is_told_and_made_anew(
    fake: FakeServer, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "FIRST_WAIT", 0.01)
    async with tailing(fake, "user_login") as shown:
        assert fake.socket is not None
        await fake.socket.close(code)
        await aeventually(lambda: len(fake.subscriptions) == 2)
        await aeventually(lambda: len(shown.talk) == 3)
        assert shown.talk[1].startswith(tail.REASONS[code])
        assert "not shown here" in shown.talk[1]
        await fake.event("user_login", who="ada")
        await aeventually(lambda: shown.lines == ["ada did user_login"])


def test_waits_grow_and_are_not_alike() -> None:
    def waits() -> list[float]:
        source = tail.back_off()
        return [next(source) for _ in range(10)]

    first, second = waits(), waits()
    assert first != second
    assert all(tail.FIRST_WAIT / 2 <= wait <= tail.LONGEST_WAIT for wait in first)
    assert first[-1] > first[0]


# --- whose stream, and where -----------------------------------------------------------------------------


@each_case(
    ("host", "url"),
    [
        ("127.0.0.1", "ws://127.0.0.1:8490/ws/events"),
        ("0.0.0.0", "ws://127.0.0.1:8490/ws/events"),  # noqa: S104
        ("::", "ws://[::1]:8490/ws/events"),
        ("fd00::1", "ws://[fd00::1]:8490/ws/events"),
        ("events.example.org", "ws://events.example.org:8490/ws/events"),
    ],
)
def test_the_server_of_the_settings_is_the_default(settings: Settings, host: str, url: str) -> None:
    settings.EVENTHUB_HOST, settings.EVENTHUB_PORTS = host, [8490, 8900]
    assert tail_events.own_url() == url


@pytest.mark.django_db
class TestWhose:
    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Request, list[str]]]]:
        """The requests for which a stream was begun, and whose tokens there were meanwhile."""
        requests: list[tuple[Request, list[str]]] = []

        class Begun(Tail):
            async def run(self) -> None:
                requests.append((self.request, owners))

        owners: list[str] = []

        def made(instance: AuthToken, **options: Any) -> None:
            owners.append(instance.user.get_username())

        post_save.connect(made, sender=AuthToken)
        monkeypatch.setattr(tail_events, "Tail", Begun)
        monkeypatch.delenv("EVENTHUB_TOKEN", raising=False)
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        yield requests
        post_save.disconnect(made, sender=AuthToken)

    def test_a_token_that_is_given_is_used(
        self, seen: list[tuple[Request, list[str]]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call_command("tail_events", "--token", "given")
        monkeypatch.setenv("EVENTHUB_TOKEN", "of the environment")
        call_command("tail_events")
        assert [(request.token, owners) for request, owners in seen] == [("given", []), ("of the environment", [])]

    def test_a_token_is_made_for_this_command_and_deleted_at_its_end(
        self, seen: list[tuple[Request, list[str]]]
    ) -> None:
        User.objects.create_user("ada")
        call_command("tail_events", "--user", "ada")
        [(request, owners)] = seen
        assert owners == ["ada"]
        assert request.token.startswith("ehub_")
        assert not AuthToken.objects.exists()

    def test_it_is_that_of_the_user_named_like_you_or_of_a_superuser(
        self,
        seen: list[tuple[Request, list[str]]],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(tokens, "operating_user", lambda: "ada")
        with pytest.raises(CommandError, match="no active superuser"):
            call_command("tail_events")
        User.objects.create_superuser("gone", is_active=False)
        User.objects.create_superuser("root")
        call_command("tail_events")
        assert "As root, by a token that ends with this command." in capsys.readouterr().err
        User.objects.create_user("ada")
        call_command("tail_events")
        assert seen[-1][1] == ["root", "ada"]

    def test_a_token_is_never_made_for_another_server(self, seen: list[tuple[Request, list[str]]]) -> None:
        User.objects.create_superuser("root")
        for url in ("wss://events.example.org/ws/events", "ws://127.0.0.1.example.org/ws/events"):
            with pytest.raises(CommandError, match="of no use on another server") as error:
                call_command("tail_events", "--url", url)
            assert error.value.returncode == 2
        assert not seen

    def test_a_user_that_does_not_exist_is_refused(self, seen: list[tuple[Request, list[str]]]) -> None:
        with pytest.raises(CommandError, match="There is no user “ada”"):
            call_command("tail_events", "--user", "ada")

    @pytest.mark.parametrize(
        ("code", "exit_code"),
        [
            ("", 5),
            ("unauthorized", 5),
            ("unknown_event_type", 3),
            ("unknown_filter", 4),
            ("invalid_filter", 4),
            ("limit_exceeded", 1),
        ],
    )
    def test_what_ends_the_stream_is_told_with_its_exit_code(
        self, seen: list[tuple[Request, list[str]]], monkeypatch: pytest.MonkeyPatch, code: str, exit_code: int
    ) -> None:
        class Ended(Tail):
            async def run(self) -> None:
                raise TailError("So it is.", code)

        User.objects.create_superuser("root")
        monkeypatch.setattr(tail_events, "Tail", Ended)
        with pytest.raises(CommandError, match=r"^So it is\.$") as error:
            call_command("tail_events")
        assert error.value.returncode == exit_code
        assert not AuthToken.objects.exists()

    @each_case("written", ["severity", "=error"])
    def test_a_filter_is_name_equals_value(self, seen: list[tuple[Request, list[str]]], written: str) -> None:
        with pytest.raises(CommandError, match="is not name=value") as error:
            call_command("tail_events", "--token", "x", "--filter", written)
        assert error.value.returncode == 2

    def test_a_filter_given_repeatedly_asks_for_any_of_its_values(self, seen: list[tuple[Request, list[str]]]) -> None:
        given = ["--filter", "severity=error", "--filter", "severity=critical", "--filter", "component=a=b"]
        call_command("tail_events", "--token", "x", "--type", "user_login", *given)
        [(request, _)] = seen
        assert request.event_types == ["user_login"]
        assert request.filters == {"severity": ["error", "critical"], "component": ["a=b"]}


# --- a real process and a real server --------------------------------------------------------------------


class Tailing:
    """`tail_events` as a process, and what it has written so far."""

    def __init__(self, process: Piped) -> None:
        self.process = process
        self.out: list[str] = []
        self.err: list[str] = []
        self.readers = [read(process.stdout, self.out), read(process.stderr, self.err)]
        eventually(lambda: "Live on" in "".join(self.err) or process.poll() is not None)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(WITHIN_S)
        for reader in self.readers:
            reader.join()
        self.process.close()
        return code


def read(pipe: IO[bytes], lines: list[str]) -> Thread:
    def run() -> None:
        with pipe:
            lines.extend(line.decode() for line in pipe)  # each as it comes

    thread = Thread(target=run)
    thread.start()
    return thread


def test_a_terminal_shows_what_matches_and_not_the_rest_until_ctrl_c(server: ServerProcess) -> None:
    terminal = Tailing(
        server.popen("tail_events", "--type", "mcp_status_change", "--filter", "severity=error", "--user", "alice")
    )
    for severity in ("info", "error"):
        server.manage(
            "emit_event", "mcp_status_change", f"mcp_name={severity}_mcp", "new_status=inactive", f"severity={severity}"
        )
    eventually(lambda: terminal.out)
    assert terminal.stop() == 130
    [line] = terminal.out
    assert "🔴 error    error_mcp went inactive" in line
    assert terminal.err[0] == "As alice, by a token that ends with this command.\n"
    assert "Traceback" not in "".join(terminal.err)
    # Its token is gone: only those of the people are left.
    left = server.manage("shell", "-v0", "-c", "from knox.models import AuthToken; print(AuthToken.objects.count())")
    assert left.stdout.strip() == str(len(server.tokens))


def test_a_filter_that_is_unknown_ends_it_with_those_that_there_are(server: ServerProcess) -> None:
    done = server.manage("tail_events", "--filter", "severty=error", "--token", server.token("alice"), check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "no such filter; allowed:" in done.stderr
    assert "kind" not in done.stderr  # a filter of an audit type


def test_without_a_server_it_says_so(make_server: MakeServer) -> None:
    done = make_server(start=False).manage("tail_events", check=False)
    assert done.returncode == 5
    assert "Is a server running there (manage.py serve)?" in done.stderr
