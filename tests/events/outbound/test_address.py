"""Where eventhub connects to, and where it does not: judged when an address is saved and when it is connected to."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django import Settings

from events.mcp.probe import new_client, probe
from events.outbound.address import AddressGuard, AddressRefused, check_address
from events.outbound.lookup import WAIT_AT_ONCE, NameUnknown
from tests.cases import each_case
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.probing import patient
from tests.waiting import WITHIN_S, eventually

LOOPBACK = ip_network("127.0.0.0/8")
NOWHERE = AddressGuard()
EVERYWHERE = AddressGuard(allowed_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))
# A port stands for the server's: what the forms below reach is this machine, where one listens.
FORMS_OF_LOOPBACK = [
    "127.0.0.1",
    "127.9.9.9",
    "127.1",
    "localhost",
    "LOCALHOST",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
]
FORMS_OF_PRIVATE = [
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.7.7",
    "192.0.0.8",
    "198.18.0.1",
    "255.255.255.255",
    "[fd12::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[::127.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::a00:1]",
    "[2002:a00:1::]",
    "[2001::1]",
    "[2001:db8::1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0:10.0.0.1]",
    "[3fff::1]",
    "[3fff:fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[100:0:0:1::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[4000::1]",
    "[fc00::1]",
    "192.88.99.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "240.0.0.1",
]
FORMS_OF_METADATA = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.170.2",
    "[::ffff:0:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[64:ff9b:1:a9fe:a9:fe00::]",
    "[64:ff9b:1:a9:fe:a9fe::]",
    "[64:ff9b:1:0:a9:fea9:fe00::]",
    "[2001:0:4136:e378:8000:63bf:5601:5601]",
    "[2a00::5efe:a9fe:a9fe]",
    "[fe80::a9fe:a9fe]",
]
FORMS = FORMS_OF_LOOPBACK + FORMS_OF_PRIVATE + FORMS_OF_METADATA


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to from now on."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolved(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kwargs)
        return [entry for address in known[host] for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return known


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_form_of_an_address_that_is_not_public_can_be_saved(scheme: str) -> None:
    for host in FORMS:
        assert re.search(
            r"not a public address|cloud metadata|no URL", refusal(f"{scheme}://{host}:8000/mcp", NOWHERE)
        ), host


def refusal(url: str, guard: AddressGuard) -> str:
    """Return why it cannot be saved, or nothing."""
    try:
        check_address(url, guard)
    except AddressRefused as error:
        return str(error)
    return ""


async def test_none_can_be_connected_to_and_none_sees_a_packet(server: Misbehaving) -> None:
    for host in FORMS:
        async with aclosing(new_client(NOWHERE)) as client:
            outcome = await probe(client, patient(f"http://{host}:{server.port}/modern"), deep=False)
        assert (outcome.feeds, outcome.error_class) == ("no", "config"), (host, outcome.error)
        assert server.connections == 0, host


async def test_no_setting_allows_the_metadata_of_a_cloud() -> None:
    for host in FORMS_OF_METADATA:
        guard = AddressGuard(allowed_hosts=(host.strip("[]"), host), allowed_networks=EVERYWHERE.allowed_networks)
        assert "no setting allows it" in refusal(f"http://{host}/", guard), host
        async with aclosing(new_client(guard)) as client:
            outcome = await probe(client, patient(f"http://{host}/"), deep=False)
        assert "no setting allows it" in outcome.error, host


def test_a_name_that_leads_to_the_metadata_is_refused_even_when_the_name_is_allowed(
    names: dict[str, list[str]],
) -> None:
    names["metadata.example"] = ["169.254.169.254"]
    with pytest.raises(AddressRefused, match=r"metadata\.example is 169\.254\.169\.254, which is an address of cloud"):
        check_address("http://metadata.example/", AddressGuard(allowed_hosts=("metadata.example",)))


@each_case(
    ("url", "setting"),
    [
        ("http://127.0.0.1:8000/mcp", "MCP_ALLOWED_NETWORKS=127.0.0.1/32"),
        ("http://[::1]:8000/mcp", "MCP_ALLOWED_NETWORKS=::1/128"),
        ("https://[::ffff:10.1.2.3]/mcp", "MCP_ALLOWED_NETWORKS=10.1.2.3/32"),
        ("http://localhost:8000/mcp", "MCP_ALLOWED_HOSTS=localhost"),
        ("http://93.184.216.34/mcp", "MCP_ALLOWED_NETWORKS=93.184.216.34/32"),
        ("https://tools.example/mcp", "MCP_ALLOWED_HOSTS=tools.example"),
    ],
)
def test_the_setting_that_a_refusal_names_allows_the_address(
    url: str, setting: str, settings: Settings, names: dict[str, list[str]]
) -> None:
    names["tools.example"] = ["10.7.7.7"]
    settings.MCP_ALLOWED_HOSTS, settings.MCP_ALLOWED_NETWORKS = [], []
    with pytest.raises(AddressRefused) as refused:
        check_address(url)
    assert setting in str(refused.value)
    name, _, value = setting.partition("=")
    setattr(settings, name, [ip_network(value) if name == "MCP_ALLOWED_NETWORKS" else value])
    check_address(url)


def test_public_addresses_are_reached_by_https_alone(names: dict[str, list[str]]) -> None:
    names["mcp.example"] = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
    check_address("https://mcp.example/mcp", NOWHERE)
    check_address("https://[64:ff9b::93.184.216.34]/mcp", NOWHERE)
    with pytest.raises(AddressRefused, match=r"use https: MCP_ALLOWED_HOSTS=mcp\.example would allow http"):
        check_address("http://mcp.example/mcp", NOWHERE)
    with pytest.raises(AddressRefused, match="multicast"):
        check_address("https://224.0.0.1/mcp", EVERYWHERE)


@each_case(
    ("url", "says"),
    [
        ("ftp://mcp.example/", "ftp:// cannot be asked"),
        ("localhost:8000", "A URL begins with https:// or http://"),
        ("npx -y @mcp/server-time", "This is a command, and not a URL"),
        ("file:///etc/passwd", "file:// cannot be asked"),
        ("//mcp.example/", "begins with https"),
        ("http:///mcp", "names no host"),
        ("http://me:hunter2@mcp.example/", "use a secret reference"),
        ("http://127.0.0.1\\@mcp.example/", "use a secret reference"),
        ("http://mcp.example:70000/", "70000 is not a port"),
        ("http://mcp.example:x/", "no URL"),
        ("http://①②⑦.0.0.1/", "no URL"),
        ("https://xn--/", "xn-- is neither a name nor an address"),
        ("https://u@xn--a/", "xn--a holds a user name"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(url: str, says: str) -> None:
    with pytest.raises(AddressRefused, match=says) as refused:
        check_address(url, EVERYWHERE)
    assert "hunter2" not in str(refused.value)


def test_a_name_that_has_no_address_now_can_be_saved() -> None:
    check_address("https://no-such-host.invalid/mcp", NOWHERE)
    with pytest.raises(NameUnknown):
        NOWHERE.permitted("no-such-host.invalid", [], encrypted=True)


async def test_a_name_that_is_public_when_saved_and_local_when_connected_to_is_refused(
    server: Misbehaving, names: dict[str, list[str]]
) -> None:
    url = f"https://rebound.example:{server.port}/modern"
    names["rebound.example"] = ["93.184.216.34"]
    check_address(url, NOWHERE)
    names["rebound.example"] = ["127.0.0.1"]
    async with aclosing(new_client(NOWHERE)) as client:
        outcome = await probe(client, patient(url), deep=False)
    assert outcome.error_class == "config"
    assert "rebound.example is 127.0.0.1, which is not a public address" in outcome.error
    assert server.connections == 0


def test_a_name_server_that_does_not_answer_keeps_nobody_long_who_saves_an_address_and_few_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, asked = threading.Event(), []

    def look_up(*args: object, **kwargs: object) -> list[Any]:
        asked.append(args)
        answers.wait(2 * WITHIN_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with ThreadPoolExecutor(30) as threads:
        saved = [threads.submit(check_address, "https://slow.example/mcp", NOWHERE) for _ in range(30)]
        try:
            eventually(lambda: all(each.done() for each in saved))
            assert len(asked) <= WAIT_AT_ONCE
            assert [each.exception() for each in saved] == [None] * 30
        finally:
            answers.set()


async def test_what_was_judged_is_what_is_connected_to(
    server: Misbehaving, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes with each question is asked for once a connection, and never by who connects."""
    names["restless.example"] = ["127.0.0.1"]
    asked: list[str] = []
    real = socket.getaddrinfo

    def once(host: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        answer = real(host, *args, **kwargs)
        names["restless.example"] = ["10.0.0.1"]
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", once)
    async with aclosing(new_client(AddressGuard(allowed_networks=(LOOPBACK,)))) as client:
        outcome = await probe(client, patient(f"http://restless.example:{server.port}/modern"), deep=True)
    assert outcome.health == "healthy"
    assert asked.count("restless.example") == 1
    assert server.requests[0].headers["host"] == f"restless.example:{server.port}"


async def test_only_the_permitted_addresses_of_a_name_are_tried_one_after_the_other(
    server: Misbehaving, names: dict[str, list[str]]
) -> None:
    names["several.example"] = ["10.0.0.1", "127.0.0.2", "127.0.0.1"]  # the second one has nobody who listens
    async with aclosing(new_client(AddressGuard(allowed_networks=(LOOPBACK,)))) as client:
        outcome = await probe(client, patient(f"http://several.example:{server.port}/modern"), deep=False)
    assert outcome.health == "healthy"


async def test_a_redirect_leads_nowhere(server: Misbehaving) -> None:
    async with aclosing(new_client(AddressGuard(allowed_networks=(LOOPBACK,)))) as client:
        outcome = await probe(client, patient(server.url("redirecting")), deep=True)
    assert outcome.error_class == "http"
    assert server.asked("modern") == []
