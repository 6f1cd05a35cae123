"""Each fault that is planted is named by the doctor, with the line that mends it; a healthy installation has none."""

from __future__ import annotations

import json
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import CheckMessage, run_checks
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from eventhub.doctor import live, of_machine, of_settings
from eventhub.doctor.address import check_address
from events.broadcast import broadcast_event
from events.log import reading
from events.mcp.models import McpServer, MonitorLease
from events.models import Event, EventType, LogHead
from subscriptions.models import Destination, StandingSubscription
from tests.conftest import MakeServer
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

Plant = Callable[[Settings, pytest.MonkeyPatch], None]


def told(messages: Iterator[CheckMessage] | list[CheckMessage]) -> list[tuple[str, str]]:
    return [(str(each.id).removeprefix("eventhub."), str(each.hint)) for each in messages]


def set_to(**values: object) -> Plant:
    def plant(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in values.items():
            setattr(settings, name, value)

    return plant


@pytest.mark.parametrize(
    ("plant", "id", "mends"),
    [
        (set_to(CHANNEL_LAYERS={"default": {"BACKEND": of_settings.IN_MEMORY}}), "E001", "REDIS_URL"),
        (set_to(EVENTHUB_DOORBELLS=False, EVENTHUB_LOOK_INTERVAL=0.0), "E002", "EVENTHUB_LOOK_INTERVAL=1.0"),
        (set_to(EVENTHUB_ALLOWED_ORIGINS=["https://a.example"]), "W003", "Add a.example to EVENTHUB_ALLOWED_HOSTS"),
        (set_to(EVENTHUB_ALLOWED_ORIGINS=[]), "W003", "EVENTHUB_ALLOWED_ORIGINS=https://"),
        (set_to(SECURE_SSL_REDIRECT=True), "W004", "https://"),
        (set_to(ALLOWED_HOSTS=["*"]), "W005", "EVENTHUB_ALLOWED_HOSTS="),
        (set_to(DEBUG=True, EVENTHUB_HOST="0.0.0.0"), "W006", "EVENTHUB_DEBUG=False"),  # noqa: S104
        (set_to(SECRET_KEY="secret"), "W007", "EVENTHUB_SECRET_KEY"),
    ],
)
def test_settings_that_do_not_fit_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, plant: Plant, id: str, mends: str
) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.EVENTHUB_ALLOWED_ORIGINS = ["http://localhost:8090"]
    assert told(of_settings.check_settings(None)) == []
    plant(settings, monkeypatch)
    ((found, hint),) = told(run_checks(tags=["eventhub"], include_deployment_checks=True))
    assert (found, mends in hint) == (id, True)


def readable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EVENTHUB_VAR_DIR.chmod(0o755)
    (settings.EVENTHUB_VAR_DIR / "secret_key").chmod(0o644)


def no_settings_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTHUB_ENV_FILE", str(settings.EVENTHUB_VAR_DIR / "none"))


def few_files(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))


def full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))


def disk_of_the_network(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = settings.EVENTHUB_VAR_DIR / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nnas:/srv {settings.EVENTHUB_VAR_DIR} nfs4 rw 0 0\n")
    monkeypatch.setattr(of_machine, "MOUNTS", mounts)
    monkeypatch.setattr(connection, "vendor", "sqlite")


@pytest.mark.parametrize(
    ("plant", "id", "mends"),
    [
        (readable, "W008", "chmod go= "),
        (no_settings_file, "E012", "with its whole path"),
        (few_files, "W009", "ulimit -n 10032"),
        (full_disk, "W010", "manage.py log_size"),
        (disk_of_the_network, "E011", "DATABASE_URL=postgres://"),
    ],
)
def test_what_the_machine_lacks_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plant: Plant, id: str, mends: str
) -> None:
    settings.EVENTHUB_VAR_DIR = tmp_path
    (tmp_path / "secret_key").write_text("x")
    (tmp_path / "secret_key").chmod(0o600)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20_000, 20_000))
    assert told(of_machine.check_machine()) == []
    plant(settings, monkeypatch)
    ((found, hint),) = told(of_machine.check_machine())
    assert (found, mends in hint) == (id, True)


def pending() -> None:
    broadcast_event("user_login", {})
    Event.objects.update(position=None, timestamp=timezone.now() - timedelta(minutes=1))
    LogHead.objects.update(position=0)


def older_head() -> None:
    broadcast_event("user_login", {})
    LogHead.objects.update(position=0)


def no_monitor() -> None:
    McpServer.objects.create(name="oracle", url="https://mcp.example/mcp")
    MonitorLease.objects.update(expires_at=None)


def no_delivery() -> None:
    owner = User.objects.create_user("owner")
    StandingSubscription.objects.create(owner=owner, name="mine", event_types=["user_login"], epoch="e", position=0)


def no_mail_server() -> None:
    head, owner = reading.head(), User.objects.create(username="olga")
    standing = StandingSubscription.objects.create(
        owner=owner, name="mine", event_types=["user_login"], epoch=head.epoch, position=head.position
    )
    Destination.objects.create(standing=standing, kind="mail", address="olga@example.org")


def no_retention() -> None:
    EventType.objects.update(retention_days=90)
    LogHead.objects.update(pruned_at=timezone.now() - timedelta(days=3))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("plant", "check", "id", "mends"),
    [
        (pending, live.check_pending, "W023", "Start serve"),
        (older_head, live.check_log, "E026", "manage.py new_epoch"),
        (no_monitor, live.check_monitor, "W027", "manage.py monitor_mcps"),
        (no_delivery, live.check_delivery, "W030", "manage.py deliver"),
        (no_mail_server, live.check_mail, "W031", "EMAIL_HOST=mail.example.org"),
        (no_retention, live.check_retention, "W028", "manage.py monitor_mcps"),
    ],
)
def test_what_the_database_says_is_named(plant: Callable[[], None], check: live.Check, id: str, mends: str) -> None:
    assert told(check()) == []
    plant()
    ((found, hint),) = told(check())
    assert (found, mends in hint) == (id, True)


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(live.check_clock()) == []
    ahead = timezone.now() + timedelta(minutes=3)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    ((found, hint),) = told(live.check_clock())
    assert (found, "set-ntp" in hint) == ("W025", True)


@pytest.mark.django_db(transaction=True)
def test_a_head_that_somebody_holds_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOCK_S", 0.05)
    assert told(live.check_head()) == []
    held, found_out = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            LogHead.objects.select_for_update().get()
            LogHead.objects.update(pruned_at=None)
            held.set()
            found_out.wait(WITHIN_S)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(WITHIN_S)
    ((found, hint),) = told(live.check_head())
    found_out.set()
    holder.join()
    assert (found, "Find who holds it" in hint) == ("E024", True)


def doctor(server: ServerProcess, *arguments: str) -> tuple[int, set[str]]:
    done = server.manage("doctor", "--json", *arguments, check=False)
    return done.returncode, {each["id"].removeprefix("eventhub.") for each in json.loads(done.stdout)}


def test_a_healthy_installation_gets_no_complaint_and_one_without_its_parts_is_told_which(
    make_server: MakeServer, own_valkey: Any
) -> None:
    server = make_server(valkey=own_valkey, env={"EVENTHUB_MAX_CONNECTIONS": "100"})
    assert doctor(server, "--url", server.url) == (0, set())
    server.env["http_proxy"] = "http://127.0.0.1:1"
    assert "Nothing is wrong" in server.manage("doctor").stdout
    server.stop()
    own_valkey.terminate()
    assert doctor(server) == (1, {"E020", "W029"})
    server.env["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    assert doctor(server) == (1, {"E020", "E021", "W029"})


def test_the_way_of_a_browser_is_tried_and_what_is_in_it_is_named(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_ALLOWED_HOSTS": "elsewhere.example", "EVENTHUB_ALLOWED_ORIGINS": "https://a.b"})
    assert {id for id, _ in told(check_address(server.url))} == {"E041", "E043"}
    assert told(check_address("http://127.0.0.1:1"))[0][0] == "E040"


def test_whether_agents_can_sign_in_by_oauth_is_tried(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_OAUTH": "False"})
    assert [id for id, _ in told(check_address(server.url))] == ["W046"]


@pytest.mark.django_db
def test_a_database_without_its_tables_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "check_migrations", lambda: "3 not applied: run manage.py migrate")
    ((found, hint),) = told(live.check_database())
    assert (found, "manage.py bootstrap" in hint) == ("E022", True)
