"""The process from which programs are forked: it imports the libraries, and waits for requests. See `warm`."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from pathlib import Path

# What `manage.py serve` imports beside eventhub, as far as it can be imported without settings.
LIBRARIES = (
    *("channels_redis.core", "csp.middleware", "environs", "httptools", "httpx", "msgspec", "redis.asyncio"),
    *("rest_framework.compat", "rest_framework.fields", "rich.console", "simple_history", "uvicorn", "uvloop"),
    *("anyio", "certifi", "dj_database_url", "h11", "httpcore", "packaging.version", "pyroaring"),
    *("websockets", "whitenoise.middleware", "django.contrib.admin.filters", "django.contrib.auth.hashers"),
    *("django.contrib.postgres.fields", "django.core.handlers.asgi", "django.core.mail", "django.core.management"),
    *("django.core.serializers.json", "django.db.backends.postgresql.base", "django.db.backends.sqlite3.base"),
    *("django.db.migrations.executor", "django.forms.models", "django.template.loader", "django.views.generic"),
    *("channels_redis.pubsub", "django.core.cache.backends.locmem", "django.core.management.commands.migrate"),
    *("django.template.loaders.app_directories", "django.template.loaders.cached", "uvicorn.lifespan.off"),
    *("anyio._backends._asyncio", "uvicorn.loops.uvloop", "whitenoise.storage"),
)
# What it imports when settings are there. All servers share what such a module keeps from its import. So none is here
# that makes a name of its own for each process.
OF_EVENTHUB = (
    *("events.database.postgresql.base", "events.database.sqlite.base"),
    *("eventhub.urls", "eventhub.metrics.exposition", "eventhub.server.websocket.lane", "events.mcp.admin"),
    *("subscriptions.handlers", "subscriptions.transports.websocket.consumer", "django.core.management.commands.check"),
    *("eventhub.management.commands.serve", "eventhub.http.content_policy", "eventhub.http.cors"),
    *("eventhub.http.handler", "eventhub.http.messages", "eventhub.http.sockets", "eventhub.http.streams"),
    *("eventhub.http.subpath", "eventhub.http.unavailable", "eventhub.operators.request_id"),
    *("eventhub.server.body_limit", "subscriptions.agents.stream.application", "subscriptions.transports.sse.stream"),
    *("django.contrib.auth.context_processors", "django.contrib.auth.middleware"),
    *("django.contrib.messages.context_processors", "django.contrib.messages.middleware"),
    *("django.contrib.sessions.middleware", "django.contrib.sessions.serializers", "django.middleware.clickjacking"),
    *("django.middleware.common", "django.middleware.security", "simple_history.middleware"),
)
# The settings that Django's set-up keeps something of; a test looks for others. Each program reads all the rest anew.
OF_THE_SET_UP = ("EVENTHUB_DEBUG", "EVENTHUB_ENV_FILE", "EVENTHUB_MAX_PENDING_PER_ADDRESS", "EVENTHUB_SOURCES")
OURS = (
    "EVENTHUB_",
    "MCP_",
    "EMAIL_",
    "DATABASE_URL",
    "DEFAULT_FROM_EMAIL",
    "REDIS_URL",
)  # beginnings of settings' names
SETTINGS = ("eventhub.inside.own_settings", "eventhub.settings")  # the modules that read them
MAX_REQUEST = 1 << 18  # bytes: a command line and its environment
MAX_FILES = 1024
READY = b"ready"
BARE = "bare"  # asks for a process that imports no library first
FORKER = str(Path(__file__).resolve())
BASE_PATH = sys.path[1:]  # of the process that runs this script, whose own folder is the first


def fork_on_request(requests: socket.socket, *, stays: bool = False) -> None:
    """Fork once for each request; return in the new process, set up to run its program. The first never returns: it
    ends with the requests, or `stays` until all have ended that it has forked."""
    running: dict[int, socket.socket] = {}  # by process: who is to be told of its end
    ended, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked = True
    while asked or running:
        ready, _, _ = select.select([requests, ended] if asked else [ended], [], [])
        if ended in ready:
            ended.recv(MAX_REQUEST)
            for pid in list(running):
                has_ended, how = os.waitpid(pid, os.WNOHANG)
                if has_ended:
                    with running.pop(pid) as status, contextlib.suppress(BrokenPipeError):  # nobody asks any more
                        status.send(str(os.waitstatus_to_exitcode(how)).encode())
        if requests in ready:
            request, descriptors, _, _ = socket.recv_fds(requests, MAX_REQUEST, 4)
            if not request:
                asked, running = False, running if stays else {}
                continue
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                requests.detach()  # `become` closes it
                return become(**json.loads(request), streams=descriptors[:3])
            running[pid] = status = socket.socket(fileno=descriptors.pop())
            status.send(str(pid).encode())
            for descriptor in descriptors:
                os.close(descriptor)
    os._exit(0)


def become(arguments: list[str], env: dict[str, str], cwd: str, streams: list[int]) -> None:
    """Set this process up as Python does that was started with this script."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, MAX_FILES)
    os.setsid()  # Ctrl-C in the terminal of the tests is for them
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = arguments
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, buffering=1, closefd=False) for number, mode in enumerate("rww")
    )
    paths = env["PYTHONPATH"].split(os.pathsep) if env.get("PYTHONPATH") else []
    sys.path[:] = [str(Path(arguments[0]).parent), *paths, *BASE_PATH]


def set_django_up() -> socket.socket:
    """Do so, say so to those who send requests, and return where they send them, which is the standard input."""
    requests = socket.socket(fileno=os.dup(0))
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    importlib.import_module("django").setup()
    for name in OF_EVENTHUB:
        importlib.import_module(name)
    look_once()
    check_once()
    requests.send(READY)
    return requests


def look_once() -> None:
    """Let Django have all migrations and addresses, and the modules of template tags: each server asks for them, which
    was a quarter of its start."""
    from django.db.migrations.loader import MigrationLoader
    from django.template.backends.django import get_installed_libraries
    from django.urls import reverse

    MigrationLoader(None)
    get_installed_libraries()
    for name in ("eventhub:events", "admin:index"):
        reverse(name)


def check_once() -> None:
    """Let Django check models, admin, templates and addresses here, which no setting of a program changes, and no more
    in the programs if nothing is wrong; all else it checks in each of them. To check all took two fifths of a server's
    start."""
    from csp.checks import check_exclude_url_prefixes_is_not_string
    from django.contrib.admin.checks import check_admin_app
    from django.contrib.auth.checks import check_models_permissions
    from django.contrib.contenttypes.checks import check_generic_foreign_keys
    from django.core.checks import run_checks
    from django.core.checks.model_checks import check_all_models
    from django.core.checks.registry import registry
    from django.core.checks.templates import check_templates
    from django.core.checks.urls import check_custom_error_handlers, check_url_config, check_url_namespaces_unique

    if not run_checks():
        registry.registered_checks -= {
            *(check_all_models, check_models_permissions, check_generic_foreign_keys, check_admin_app),
            *(check_templates, check_url_config, check_url_namespaces_unique, check_custom_error_handlers),
            check_exclude_url_prefixes_is_not_string,
        }


def read_settings_anew() -> None:
    """Let Django, which is set up, have the settings of this process's environment."""
    from django.conf import settings
    from django.db import connections
    from django.utils.functional import empty

    for module in [sys.modules[name] for name in SETTINGS]:
        for name in [name for name in vars(module) if name.isupper()]:
            delattr(module, name)
        importlib.reload(module)
    settings._wrapped = empty
    vars(connections).clear()
    connections.__init__()  # type: ignore[misc]


def forget_settings() -> None:
    """Let whoever asks for a setting first read them all."""
    from django.conf import settings
    from django.utils.functional import empty

    settings._wrapped = empty
    for name in SETTINGS:
        sys.modules.pop(name, None)


def run_program() -> None:
    """Run it, and end as Python does, but free nothing: to free all modules took four fifths of a short program."""
    code = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        code = end.code or 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # Python has words for what cannot be written
    os._exit(code)


if __name__ == "__main__":
    for name in [] if sys.argv[2:] == [BARE] else LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    fork_on_request(socket.socket(fileno=int(sys.argv[1])))
    if sys.argv[0] == FORKER:
        requests = set_django_up()
        gc.freeze()
        fork_on_request(requests, stays=True)
        try:
            read_settings_anew()
        except Exception:  # noqa: BLE001  whatever it is, the program says it in its own words
            forget_settings()
    run_program()
