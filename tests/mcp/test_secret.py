"""Which variables can be a server's secret, and where a secret may be sent, however servers are edited."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from environs import EnvError
from pytest_django import Settings

from eventhub.environment import network, usable_secret
from events.mcp.models import McpServer, SecretBinding, bound_origins
from events.mcp.monitor.watched import load
from events.mcp.probe import Target
from events.mcp.secret import (
    InvalidReference,
    SecretMissing,
    SecretNotAllowed,
    SecretNotBound,
    Usable,
    name_in,
    resolve,
)
from events.outbound.origin import origin_text
from tests.cases import each_case
from tests.events.admin_forms import errors_of, messages_of, submit
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.outcomes import a_server, told
from tests.processes import warm
from tests.servers import ROOT
from tests.waiting import WITHIN_S

ADD = "/admin/mcp/mcpserver/add/"
BINDINGS = "/admin/mcp/secretbinding/"
HERE, THERE = "http://127.0.0.1:9", "http://127.0.0.2:9"
ORACLE = {"auth": "bearer", "secret_ref": "env:MCP_SECRET_ORACLE"}

# --- Names ----------------------------------------------------------------------------------------------------


def sent(name: str, url: str = HERE, *origins: str) -> str:
    return resolve(f"env:{name}", url, origins or [HERE])


def test_a_reference_names_a_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCP_SECRET_ORACLE", " t0p-secret\n")
    assert sent("MCP_SECRET_ORACLE") == "t0p-secret"


@each_case("text", ["", "hunter2", "env:", "env:A B", "env:1A", "file:/etc/passwd", "env:A\n", "ENV:A"])
def test_what_is_no_reference_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidReference, match="env:MCP_SECRET_NAME") as refused:
        name_in(text)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_that_is_not_set_is_named(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is not None:
        monkeypatch.setenv("MCP_SECRET_UNSET", value)
    with pytest.raises(SecretMissing, match="MCP_SECRET_UNSET"):
        sent("MCP_SECRET_UNSET")


@each_case(
    "name",
    [
        *("EVENTHUB_SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PATH", "HOME", "DJANGO_SETTINGS_MODULE", "PGPASSWORD"),
        *("ORACLE_TOKEN", "mcp_secret_oracle", "MCP_SECRET_", "MCP_SECRETORACLE", "XMCP_SECRET_ORACLE"),
    ],
)
def test_other_variables_are_refused_whether_they_are_set_or_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = set()
    for value in ("t0p-secret", None):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        for refuse in (name_in, lambda reference: sent(reference.removeprefix("env:"))):
            with pytest.raises(
                SecretNotAllowed, match=f"{name} may not be used as a secret; allowed: MCP_SECRET_…"
            ) as no:
                refuse(f"env:{name}")
            said.add(str(no.value))
    assert len(said) == 1


def test_an_operator_can_allow_other_names_but_none_of_eventhubs_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVENTHUB_MCP_SECRETS = [Usable("ORACLE_TOKEN"), Usable("EVENTHUB_SECRET_KEY")]
    monkeypatch.setenv("ORACLE_TOKEN", "t0p-secret")
    assert sent("ORACLE_TOKEN") == "t0p-secret"
    with pytest.raises(SecretNotAllowed, match=r"allowed: MCP_SECRET_…, EVENTHUB_SECRET_KEY, ORACLE_TOKEN\.$"):
        name_in("env:EVENTHUB_SECRET_KEY")


@each_case(
    ("value", "usable"),
    [
        ("ORACLE_TOKEN", Usable("ORACLE_TOKEN")),
        ("ORACLE_TOKEN@https://Mcp.Example.org:443/", Usable("ORACLE_TOKEN", "https://mcp.example.org")),
        ("MCP_SECRET_X@http://10.1.2.3:8000", Usable("MCP_SECRET_X", "http://10.1.2.3:8000")),
        ("EVENTHUB_SECRET_KEY", "EVENTHUB_SECRET_KEY is eventhub's own"),
        ("DATABASE_URL@https://mcp.example.org", "DATABASE_URL is eventhub's own"),
        ("PATH", "PATH is eventhub's own"),
        ("ORACLE_TOKEN@https://mcp.example.org/mcp", "an origin has no path: https://mcp.example.org"),
        ("ORACLE_TOKEN@mcp.example.org", "of ORACLE_TOKEN, A URL begins with https://"),
        ("hunter 2", "each is the name of a variable, or name@https://host:port"),
    ],
)
def test_the_operators_list_is_read_strictly(value: str, usable: Usable | str) -> None:
    if isinstance(usable, Usable):
        assert usable_secret(value) == usable
        return
    with pytest.raises(EnvError) as refused:
        usable_secret(value)
    assert usable in str(refused.value)
    assert "hunter" not in str(refused.value)


def test_a_target_shows_the_reference_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCP_SECRET_ORACLE", "t0p-secret")
    assert "t0p-secret" not in repr(Target("https://a.example", secret_reference="env:MCP_SECRET_ORACLE"))


def test_a_secret_may_stand_in_the_file_of_settings_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("MCP_SECRET_FILE=of-file\nMCP_SECRET_BOTH=of-file\nOTHER=of-file\nEVENTHUB_MCP_SECRETS=OTHER\n")
    program = tmp_path / "program.py"
    program.write_text("""
import django
django.setup()
from events.mcp.secret import resolve
print(*(resolve(f"env:{name}", "https://a.example", ["https://a.example"])
        for name in ("MCP_SECRET_FILE", "MCP_SECRET_BOTH", "OTHER")))
""")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "eventhub.settings",
        "EVENTHUB_ENV_FILE": str(file),
        "EVENTHUB_VAR_DIR": str(tmp_path),
        "MCP_SECRET_BOTH": "of-process",
        "PYTHONPATH": str(ROOT),
    }
    done = warm.run([str(program)], env=environment, input=None, timeout=WITHIN_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["of-file", "of-process", "of-file"]


# --- Origins --------------------------------------------------------------------------------------------------


@each_case(
    ("url", "same"),
    [
        ("https://mcp.example.org/mcp", True),
        ("HTTPS://MCP.Example.ORG:443/other?x#y", True),
        ("http://mcp.example.org/mcp", False),
        ("https://mcp.example.org:8443/mcp", False),
        ("https://mcp.example.org./mcp", False),
        ("https://mcp.example.org.evil.example/mcp", False),
        ("https://evil.example/https://mcp.example.org", False),
        ("https://mcp.example.org@evil.example/", False),
        ("https://mcp.example.org:443@evil.example/", False),
        ("https://mcp。example。org.evil.example/", False),
        ("https://mcp.exаmple.org/", False),  # a Cyrillic а
    ],
)
def test_a_secret_goes_to_the_scheme_host_and_port_that_it_is_bound_to_alone(
    url: str, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_SECRET_ORACLE", "t0p-secret")
    if same:
        assert sent("MCP_SECRET_ORACLE", url, "https://mcp.example.org") == "t0p-secret"
    else:
        with pytest.raises(SecretNotBound, match="MCP_SECRET_ORACLE may not be sent to"):
            sent("MCP_SECRET_ORACLE", url, "https://mcp.example.org")


@pytest.fixture(autouse=True)
def _admin_in_this_process(settings: Settings) -> None:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(db: None) -> Client:
    return signed_in(User.objects.create_superuser("root"))


@pytest.fixture
def staff(db: None) -> Client:
    """Who may register and edit servers, and nothing else."""
    user = User.objects.create_user("stan", is_staff=True)
    verbs = [f"{verb}_mcpserver" for verb in ("add", "change", "delete", "view")]
    user.user_permissions.set(Permission.objects.filter(codename__in=verbs))
    return signed_in(user)


def page_of(server: McpServer) -> str:
    return f"/admin/mcp/mcpserver/{server.pk}/change/"


def bind(origin: str = HERE) -> SecretBinding:
    return SecretBinding.objects.create(secret="MCP_SECRET_ORACLE", origin=origin)


def destinations() -> list[tuple[Any, Any, Any]]:
    return [(data["username"], data["old"], data["new"]) for _, data in told("access_change")]


def test_a_superuser_binds_a_secret_by_registering_a_server_and_auditors_are_told(root: Client) -> None:
    page = submit(root, ADD, name="oracle_mcp", url=f"{HERE}/mcp", **ORACLE)
    assert f"MCP_SECRET_ORACLE may be sent to {HERE} from now on" in " ".join(messages_of(page))
    assert bound_origins() == {"MCP_SECRET_ORACLE": {HERE}}
    assert destinations() == [("root", [], [HERE])]
    assert told("access_change")[0][1]["subject"] == "secret MCP_SECRET_ORACLE"
    submit(root, ADD, name="other_mcp", url=f"{THERE}/mcp", **ORACLE)
    submit(root, ADD, name="third_mcp", url=f"{THERE}/third", **ORACLE)
    assert destinations() == [("root", [], [HERE]), ("root", [HERE], [HERE, THERE])]


def test_staff_cannot_have_a_new_secret_sent_anywhere(staff: Client) -> None:
    page = submit(staff, ADD, name="oracle_mcp", url=f"{HERE}/mcp", **ORACLE)
    told_them = errors_of(page)["secret_ref"]
    assert f"MCP_SECRET_ORACLE may not be sent to {HERE}" in told_them
    assert "“Can add secret binding”" in told_them
    assert f"EVENTHUB_MCP_SECRETS=MCP_SECRET_ORACLE@{HERE}" in told_them
    assert not McpServer.objects.exists()


def test_staff_can_register_servers_where_a_secret_is_bound_to(staff: Client) -> None:
    bind()
    submit(staff, ADD, name="oracle_mcp", url=f"{HERE}/mcp", **ORACLE)
    server = McpServer.objects.get()
    submit(staff, page_of(server), auth="header", auth_header="X-Api-Key", url=f"{HERE}/other")
    server.refresh_from_db()
    assert (server.secret_ref, server.auth, server.url) == ("env:MCP_SECRET_ORACLE", "header", f"{HERE}/other")


@pytest.mark.django_db(transaction=True)
def test_no_way_of_editing_servers_sends_a_secret_elsewhere(
    staff: Client, misbehaving: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second save used to do it: the form showed the reference that the first had cleared."""
    monkeypatch.setenv("MCP_SECRET_ORACLE", "t0p-secret")
    bind()
    server = a_server(**ORACLE)
    url = misbehaving.url("echo")
    submit(staff, page_of(server), url=url)
    refused = submit(staff, page_of(server), **ORACLE)
    assert "may not be sent to" in errors_of(refused)["secret_ref"]
    server.delete()
    refused = submit(staff, ADD, name="other_mcp", url=url, **ORACLE)
    assert "may not be sent to" in errors_of(refused)["secret_ref"]
    planted = a_server("planted_mcp", url=url, timeout_s=2, **ORACLE)  # as by an older version of eventhub
    submit(staff, page_of(planted), title="A title")
    confirmed = {"action": "check_now", "_selected_action": [planted.pk], "confirmed": "yes"}
    answer = staff.post("/admin/mcp/mcpserver/", confirmed, follow=True)
    assert f"MCP_SECRET_ORACLE may not be sent to {origin_text(url)}" in messages_of(answer)[0]
    assert misbehaving.requests == []
    planted.state.refresh_from_db()
    assert planted.state.last_error_class == "config"


def test_a_title_that_a_superuser_gives_binds_nothing(root: Client) -> None:
    server = a_server(**ORACLE)
    submit(root, page_of(server), title="A title")
    server.refresh_from_db()
    assert server.title == "A title"
    assert not SecretBinding.objects.exists()


@pytest.mark.parametrize("path", [f"{BINDINGS}add/", BINDINGS])
def test_staff_without_the_permission_see_no_bindings(staff: Client, path: str) -> None:
    bind()
    assert staff.get(path).status_code == 403


def test_bindings_are_made_and_deleted_in_the_admin_and_told_each(root: Client) -> None:
    submit(root, f"{BINDINGS}add/", secret="env:MCP_SECRET_ORACLE", origin="HTTP://127.0.0.1:9/mcp")
    binding = SecretBinding.objects.get()
    assert (binding.secret, binding.origin, binding.bound_by) == ("MCP_SECRET_ORACLE", HERE, "root")
    root.post(BINDINGS, {"action": "delete_selected", "_selected_action": [binding.pk], "post": "yes"})
    assert destinations() == [("root", [], [HERE]), ("root", [HERE], [])]
    assert load()[2] == {}


@each_case(
    ("members", "field", "said"),
    [
        ({"secret": "PATH"}, "secret", "PATH may not be used"),
        ({"secret": "hunter 2"}, "secret", "env:MCP_SECRET_NAME"),
        ({"origin": "mcp.example.org"}, "origin", "begins with https"),
        ({"origin": "https://me@mcp.example.org"}, "origin", "holds a user name or password"),
    ],
)
def test_a_binding_that_cannot_be_is_refused(members: dict[str, str], field: str, said: str, root: Client) -> None:
    page = submit(root, f"{BINDINGS}add/", **{"secret": "MCP_SECRET_ORACLE", "origin": HERE, **members})
    assert said in errors_of(page)[field]


def test_where_an_operator_says_a_secret_goes_there_and_nowhere_else(
    root: Client, staff: Client, settings: Settings
) -> None:
    bind(THERE)
    settings.EVENTHUB_MCP_SECRETS = [Usable("MCP_SECRET_ORACLE", HERE)]
    assert bound_origins() == {"MCP_SECRET_ORACLE": {HERE}}
    submit(staff, ADD, name="oracle_mcp", url=f"{HERE}/mcp", **ORACLE)
    assert McpServer.objects.get().secret_ref == "env:MCP_SECRET_ORACLE"
    for client in (root, staff):
        page = submit(client, ADD, name="other_mcp", url=f"{THERE}/mcp", **ORACLE)
        assert f"EVENTHUB_MCP_SECRETS lets it be sent to {HERE} alone" in errors_of(page)["secret_ref"]


@pytest.fixture(scope="module")
def misbehaving() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running
