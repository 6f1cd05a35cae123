"""The commands as people type them: what they say, what they log, how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.db import OperationalError
from knox.auth import TokenAuthentication
from knox.models import AuthToken

from events.access import tokens
from events.cli.command import EXIT_CODES
from events.log import append as log
from events.log import reading, records
from events.management.commands import emit_event
from events.models import Event, EventType, TokenTerms
from tests.cases import each_case
from tests.conftest import MakeServer
from tests.processes import warm
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command with this text on its stdin."""

    def run(name: str, *arguments: str, stdin: str | bytes = "") -> Done:
        piped = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(piped)))
        out, err, code = StringIO(), StringIO(), 0
        try:
            call_command(name, *arguments, stdout=out, stderr=err)
        except CommandError as error:
            err.write(str(error))
            code = error.returncode
        except SystemExit as error:
            assert isinstance(error.code, int)
            code = error.code
        assert "Traceback" not in err.getvalue()
        return Done(code, out.getvalue(), err.getvalue())

    return run


Run = Callable[..., Done]


# --- emit_event ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestEmitEvent:
    def test_it_logs_the_event_and_says_where(self, run: Run) -> None:
        done = run("emit_event", "mcp_status_change", "mcp_name=oracle_mcp", "new_status=inactive", "severity=error")
        event = Event.objects.get()
        assert event.payload == {"mcp_name": "oracle_mcp", "new_status": "inactive", "severity": "error"}
        assert done.out == f"logged at {reading.head().epoch}-1: 🔴 oracle_mcp went inactive\n"
        assert done.code == 0

    def test_it_says_which_user_of_the_machine_emitted_it(self, run: Run) -> None:
        run("emit_event", "user_login")
        assert Event.objects.get().source == f"command:{tokens.operating_user()}"

    def test_values_have_the_types_of_the_registry(self, run: Run) -> None:
        run("emit_event", "mcp_auto_disabled", "failure_cycles=7", "mcp_name=7")
        assert Event.objects.get().payload == {"failure_cycles": 7, "mcp_name": "7", "severity": "critical"}

    def test_options_may_stand_anywhere(self, run: Run) -> None:
        done = run("emit_event", "--count", "2", "user_login", "--json", "username=ada", "--dry-run", "method=x")
        assert [line["data"]["method"] for line in done.lines] == ["x", "x"]

    def test_data_is_taken_as_it_is_and_members_are_put_over_it(self, run: Run) -> None:
        run(
            "emit_event",
            "user_login",
            "username=ada",
            "--data",
            '{"username": "bob", "deep": {"a": [1]}, "user_id": 5}',
        )
        assert Event.objects.get().payload == {
            "username": "ada",
            "deep": {"a": [1]},
            "user_id": 5,
            "severity": "info",
        }

    def test_json_has_the_members_of_the_event(self, run: Run) -> None:
        [line] = run("emit_event", "user_login", "username=ada", "--json").lines
        assert line == {
            "id": f"{reading.head().epoch}-1",
            "type": "user_login",
            "timestamp": line["timestamp"],
            "data": {"username": "ada", "severity": "info"},
        }
        assert datetime.fromisoformat(line["timestamp"]).tzinfo == UTC

    def test_count_repeats_it(self, run: Run) -> None:
        done = run("emit_event", "user_login", "username=ada", "--count", "1500")
        assert Event.objects.count() == 1500
        assert (
            done.out
            == f"logged at {reading.head().epoch}-1 to {reading.head().epoch}-1500: 1,500 times 👤 ada logged in\n"
        )

    def test_a_dry_run_checks_and_logs_nothing(self, run: Run) -> None:
        assert run("emit_event", "user_login", "username=ada", "--dry-run").out.startswith(
            "valid, nothing logged: 👤 ada"
        )
        [line] = run("emit_event", "user_login", "username=ada", "--dry-run", "--json").lines
        assert (line["id"], line["data"]) == (None, {"username": "ada", "severity": "info"})
        assert run("emit_event", "user_login", "severity=critical", "--dry-run").code == 4
        assert not Event.objects.exists()

    def test_what_data_says_does_not_act_on_the_terminal(self, run: Run) -> None:
        done = run("emit_event", "user_login", "username=\x1b[31mred\x07\u202e")
        assert done.out.endswith("👤 \ufffd[31mred\ufffd\ufffd logged in\n")

    def test_json_lines_are_read_from_a_pipe(self, run: Run) -> None:
        sent = [{"type": "user_login", "data": {"n": n}} for n in range(1200)]
        done = run("emit_event", "-", "--json", stdin="\n\n".join(map(json.dumps, sent)))
        assert [line["data"]["n"] for line in done.lines] == list(range(1200))
        assert [event.payload["n"] for event in Event.objects.after(0)] == list(range(1200))

    def test_a_pipe_needs_no_argument(self, run: Run) -> None:
        assert run("emit_event", stdin='{"type": "user_login", "data": {}}\n').code == 0
        assert Event.objects.count() == 1

    @pytest.mark.parametrize(
        ("wrong", "code", "why"),
        [
            ("{", 4, "not valid JSON"),
            ("[]", 4, "not a JSON object"),
            ('{"type": "user_login"}', 4, "data: it is required"),
            ('{"type": "user_login", "data": {}, "id": "1-1"}', 4, "id: no such member; allowed: type, data, "),
            ('{"type": "user_logn", "data": {}}', 3, "did you mean “user_login”?"),
            ('{"type": "user_login", "data": {"severity": "error"}}', 4, "allowed: info"),
            ('{"type": "login_failed", "data": {}}', 4, "may not be emitted from outside"),
        ],
    )
    def test_lines_before_a_wrong_one_are_logged_and_its_number_is_told(
        self, run: Run, wrong: str, code: int, why: str
    ) -> None:
        good = '{"type": "user_login", "data": {}}\n'
        done = run("emit_event", "-", stdin=f"{good}\n{good}{wrong}\n{good}")
        assert done.code == code
        assert done.err.startswith("Line 4: ")
        assert why in done.err
        assert Event.objects.count() == 2
        assert done.out.count("logged at") == 2

    def test_without_a_type_something_must_come_from_the_pipe(self, run: Run) -> None:
        done = run("emit_event", stdin="\n")
        assert (done.code, done.out) == (2, "")
        assert "Name an event type, or pipe JSON lines in" in done.err
        assert run("emit_event", "-", stdin="").code == 0

    def test_a_line_that_is_not_utf8_or_never_ends_is_refused(self, run: Run) -> None:
        assert run("emit_event", stdin=b'"\xff"').code == 4
        assert "Line 1 is longer than" in run("emit_event", stdin=b"x" * 2_000_000).err

    def test_a_database_that_is_locked_is_told_as_such(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*args: object) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr(log, "insert_placed", fail)
        done = run("emit_event", "user_login")
        assert done.code == 5
        assert "nothing was broadcast" in done.err
        assert "database is locked" in done.err


@pytest.mark.django_db
class TestWhatEmitEventRefuses:
    @each_case(
        ("arguments", "code", "why"),
        [
            (["user_logn"], 3, 'no event type "user_logn" (did you mean “user_login”?); allowed: mcp_status_change,'),
            (["mcp_status_change", "mcp_names=a"], 4, "this is the name of a filter, which reads mcp_name"),
            (["mcp_status_change", "severty=error"], 4, "did you mean “severity”?"),
            (["mcp_status_change", "new_status=gone"], 4, '"gone" is not an option; allowed: active, inactive'),
            (["mcp_status_change", "severity=fatal"], 4, "allowed: info, warning, error, critical"),
            (["mcp_auto_disabled", "failure_cycles=many"], 4, 'failure_cycles: "many" is not a number'),
            (["user_login", "username"], 4, "write it as name=value"),
            (["user_login", "=ada"], 4, "write it as name=value"),
            (["user_login", "--data", "[]"], 4, "expected a JSON object"),
            (["user_login", "--data", "{"], 4, "expected a JSON object"),
            (["login_failed", "username=ada"], 4, "only eventhub's own sources do that"),
            (["-", "username=ada"], 2, "go with an event type"),
            (["-", "--count", "2"], 2, "go with an event type"),
        ],
    )
    def test_what_is_wrong_is_told_with_what_is_allowed(
        self, run: Run, arguments: list[str], code: int, why: str
    ) -> None:
        done = run("emit_event", *arguments)
        assert (done.code, done.out) == (code, "")
        assert why in done.err
        assert not Event.objects.exists()

    def test_a_count_is_a_whole_number(self, run: Run) -> None:
        for count in ("0", "-1", "many", "1.5"):
            assert "is not a whole number above 0" in run("emit_event", "user_login", f"--count={count}").err

    def test_audit_types_are_not_among_those_that_it_offers(self, run: Run) -> None:
        assert "login_failed" not in run("emit_event", "nowhere").err

    def test_an_inactive_type_is_told_as_such(self, run: Run) -> None:
        EventType.objects.filter(pk="user_login").update(is_active=False)
        assert "“user_login” is not active" in run("emit_event", "user_login").err


# --- create_token ----------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestCreateToken:
    @pytest.fixture(autouse=True)
    def ada(self) -> User:
        return User.objects.create_user("ada")

    def test_the_token_alone_goes_to_stdout_and_opens_the_door(self, run: Run, ada: User) -> None:
        done = run("create_token", "ada")
        assert done.out.count("\n") == 1
        user, _ = TokenAuthentication().authenticate_credentials(done.out.strip().encode())
        assert user == ada
        assert done.out.strip() not in done.err

    @pytest.mark.parametrize(
        ("expires", "lifetime"),
        [
            ("90d", timedelta(days=90)),
            ("12h", timedelta(hours=12)),
            ("30m", timedelta(minutes=30)),
            ("1.5h", timedelta(minutes=90)),
            ("2w", timedelta(days=14)),
            ("10s", timedelta(seconds=10)),
        ],
    )
    def test_it_expires_when_one_says(self, run: Run, expires: str, lifetime: timedelta) -> None:
        before = datetime.now(UTC)
        run("create_token", "ada", "--expires", expires)
        expiry = AuthToken.objects.get().expiry
        assert before + lifetime <= expiry <= datetime.now(UTC) + lifetime

    def test_it_expires_after_ninety_days_unless_one_says(self, run: Run) -> None:
        run("create_token", "ada")
        assert timedelta(days=89) < AuthToken.objects.get().expiry - datetime.now(UTC) < timedelta(days=91)

    def test_it_may_be_made_for_ever(self, run: Run) -> None:
        assert "for ever" in run("create_token", "ada", "--expires", "never").err
        assert AuthToken.objects.get().expiry is None

    @each_case("expires", ["", "90", "d", "-1d", "0d", "1y", "1e9d", "999999999999d", "soon", "٣d"])
    def test_what_is_no_time_is_refused_with_what_is(self, run: Run, expires: str) -> None:
        done = run("create_token", "ada", f"--expires={expires}")
        assert done.code != 0
        assert "is not a duration; allowed: a number above 0" in done.err
        assert "or never" in done.err
        assert not AuthToken.objects.exists()

    def test_it_says_what_the_token_may_do(self, run: Run, ada: User) -> None:
        told = run("create_token", "ada").err
        assert "mcp_status_change" in told
        assert "login_failed" not in told
        assert "may not emit" in told
        ada.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
        assert "may emit" in run("create_token", "ada").err

    def test_it_has_a_name_and_scopes(self, run: Run, ada: User) -> None:
        ada.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
        told = run("create_token", "ada", "--name", " backup script ", "--scope", "read").err
        assert "may not emit events (that needs the scope emit)" in told
        assert "may read no event type" in run("create_token", "ada", "--scope", "emit").err
        run("create_token", "ada")
        terms = {(each.name, str(each)) for each in TokenTerms.objects.all()}
        assert terms == {("backup script", "read"), ("", "emit"), ("", "read, emit")}

    @each_case("name", ["two\nlines", "x" * 61, "turned\u202eround"])
    def test_a_name_that_cannot_stand_in_a_list_is_refused(self, run: Run, name: str) -> None:
        done = run("create_token", "ada", "--name", name)
        assert (done.code, "--name: It has" in done.err) == (2, True)
        assert not AuthToken.objects.exists()

    def test_a_user_that_does_not_exist_is_refused_with_similar_names(self, run: Run) -> None:
        User.objects.create_user("adam")
        User.objects.create_user("adah", is_active=False)
        User.objects.create_user("zoe")
        done = run("create_token", "adaa")
        assert done.code == 1
        assert "There is no user “adaa”. Users of similar names: " in done.err
        assert {"ada", "adam"} <= set(done.err.rstrip(".").replace(",", " ").split())
        assert "zoe" not in done.err
        assert "adah" not in done.err

    def test_a_user_who_is_not_active_is_refused(self, run: Run, ada: User) -> None:
        User.objects.update(is_active=False)
        assert "User “ada” is not active" in run("create_token", "ada").err
        assert not AuthToken.objects.exists()


# --- all of them, as processes ---------------------------------------------------------------------------


@pytest.fixture
def offline(make_server: MakeServer) -> ServerProcess:
    """A database with its people and no server that runs on it."""
    return make_server(start=False)


@each_case("command", ["emit_event", "simulate_events", "tail_events", "create_token"])
def test_help_documents_every_exit_code(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    load_command_class("events", command).print_help("manage.py", command)
    shown = capsys.readouterr().out
    assert all(f"{code:<4} {meaning}" in shown for code, meaning in EXIT_CODES.items())


def test_an_event_is_logged_though_no_server_runs(offline: ServerProcess) -> None:
    done = offline.manage("emit_event", "user_login", "username=ada")
    assert done.stdout.startswith("logged at ")
    assert done.stderr == ""


def test_a_process_ends_with_the_exit_code_that_is_documented(offline: ServerProcess) -> None:
    done = offline.manage("emit_event", "user_logn", check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: There is no event type")


def test_a_database_that_was_never_migrated_is_told_as_such(make_server: MakeServer) -> None:
    empty = make_server(start=False, env={"DATABASE_URL": "sqlite://:memory:"})
    done = empty.manage("emit_event", "user_login", check=False)
    assert done.returncode == 5
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly(offline: ServerProcess) -> None:
    process = offline.popen("emit_event", "user_login", "--count", "100000", "--dry-run", "--json")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(WITHIN_S) == 141
    process.close()


FIRE = "🔥 hot é"
FULL = Path("/dev/full")


def test_an_encoding_that_has_not_all_characters_turns_no_success_into_failure(make_server: MakeServer) -> None:
    latin = make_server(start=False, env={"PYTHONIOENCODING": "latin-1", "PYTHONPROFILEIMPORTTIME": "1"})
    command = [sys.executable, str(ROOT / "manage.py"), "emit_event", "user_login", f"username={FIRE}"]
    environment = latin.environment
    done = subprocess.run(command, env=environment, capture_output=True, timeout=WITHIN_S, check=True)
    assert done.stdout.startswith(b"logged at ")
    assert "\\U0001f525 hot é" in done.stdout.decode("latin-1")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "events.models.event" in imported
    slow = {"aiohttp", "requests", "rest_framework.serializers", "uvicorn"}  # half a second, for servers alone
    assert imported.isdisjoint(slow)


@pytest.mark.django_db(transaction=True)
def test_what_such_an_encoding_has_not_is_escaped_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    output = BytesIO()
    monkeypatch.setattr("sys.stdout", TextIOWrapper(output, encoding="latin-1"))
    call_command("emit_event", "user_login", f"username={FIRE}", "--json")
    assert json.loads(output.getvalue().decode("latin-1"))["data"]["username"] == FIRE
    call_command("simulate_events", "--rate", "10", "--duration", "0.2")


def test_output_without_room_or_reader_turns_no_success_into_failure(offline: ServerProcess, tmp_path: Path) -> None:
    reader, nobody_reads = warm.pipe()
    reader.close()
    full = FULL if FULL.exists() else os.devnull
    with nobody_reads, open(full, "wb") as no_room, (tmp_path / "errors").open("w+b") as errors:
        cases = [(nobody_reads, errors), (nobody_reads, nobody_reads), (no_room, errors)]
        for output, complaints in cases:
            command = [str(ROOT / "manage.py"), "emit_event", "user_login", "username=ada"]
            process = warm.start(command, env=offline.environment, output=output, errors=complaints)
            assert process.wait(WITHIN_S) == 0, output.name
            errors.seek(0)
            assert errors.read() == b"", output.name
    assert offline.database.rows("SELECT count(*) FROM events_event") == [(len(cases),)]


@pytest.mark.parametrize("output", [">&-", f">{FULL} 2>&1"])
def test_output_that_a_shell_has_closed_or_filled_turns_no_success_into_failure(
    offline: ServerProcess, output: str
) -> None:
    if str(FULL) in output and not FULL.exists():
        pytest.skip(f"this system has no {FULL}")
    line = f"{sys.executable} {ROOT / 'manage.py'} emit_event user_login username=ada {output}"
    done = subprocess.run(
        ["bash", "-c", line], env=offline.environment, stderr=subprocess.PIPE, text=True, timeout=WITHIN_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert offline.database.rows("SELECT count(*) FROM events_event") == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_what_was_logged_before_the_database_went_away_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit_event, "MAX_BATCH", 2)
    append, left = log.append, iter([True, False])

    def once(drafts: Any, **kwargs: Any) -> list[Event]:
        if not next(left):
            raise records.LogUnavailable from OperationalError("gone")
        return append(drafts, **kwargs)

    monkeypatch.setattr(log, "append", once)
    done = run("emit_event", "user_login", "--count", "5")
    assert done.code == 5
    assert done.err.endswith("The first 2 events are logged.")
    assert Event.objects.count() == 2
