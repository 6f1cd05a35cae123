"""The settings that are eventhub's own, from the environment (or `.env`); `.env.example` tells what each one does.

An installation has them by `eventhub.settings`, another project by `eventhub.inside.defaults`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from environs import Env, validate

from eventhub import __version__
from eventhub.environment import Network, cors_origin, destination_secrets_in, network, port, secrets_in, usable_secret
from eventhub.inside.packages import HOME
from eventhub.inside.redis_servers import parse_servers
from events.access import TOKEN_PREFIX
from events.mcp.secret import Usable

EVENTHUB_VERSION = __version__
env = Env()
# Set to another file, or to nothing so that no file is read. What is set in the process wins over the file.
if env_file := env.str("EVENTHUB_ENV_FILE", str(HOME / ".env")):
    env.read_env(env_file, recurse=False)

EVENTHUB_HOST = env.str("EVENTHUB_HOST", "127.0.0.1")
EVENTHUB_PORTS: list[int] = env.list("EVENTHUB_PORTS", [8090, 8500], subcast=port, validate=validate.Length(min=1))
# Pages of other origins that may call the API, by a token or a ticket; never by a visitor's session.
EVENTHUB_CORS_ORIGINS: list[str] = env.list("EVENTHUB_CORS_ORIGINS", [], subcast=cors_origin)

EVENTHUB_PUBLIC_METADATA = env.bool("EVENTHUB_PUBLIC_METADATA", False)
EVENTHUB_PUBLIC_STATUS = env.bool("EVENTHUB_PUBLIC_STATUS", False)
EVENTHUB_LOOK_INTERVAL = env.float("EVENTHUB_LOOK_INTERVAL", 1.0, validate=validate.Range(min=0))
EVENTHUB_ACCESS_CHECK_INTERVAL = env.float("EVENTHUB_ACCESS_CHECK_INTERVAL", 60.0, validate=validate.Range(min=1))
EVENTHUB_DOORBELLS = env.bool("EVENTHUB_DOORBELLS", True)
EVENTHUB_WORKERS = env.int("EVENTHUB_WORKERS", 1, validate=validate.Range(min=1))
EVENTHUB_MAX_CONNECTIONS = env.int("EVENTHUB_MAX_CONNECTIONS", 10_000, validate=validate.Range(min=1))
EVENTHUB_MAX_CONNECTIONS_PER_USER = env.int("EVENTHUB_MAX_CONNECTIONS_PER_USER", 200, validate=validate.Range(min=1))
EVENTHUB_MAX_CONNECTIONS_PER_ADDRESS = env.int(
    "EVENTHUB_MAX_CONNECTIONS_PER_ADDRESS", 1_000, validate=validate.Range(min=1)
)
# Failures to sign in of a name from an address, and the seconds to wait after them.
EVENTHUB_LOGIN_ATTEMPTS = env.int("EVENTHUB_LOGIN_ATTEMPTS", 5, validate=validate.Range(min=1))
EVENTHUB_LOGIN_DELAY = env.int("EVENTHUB_LOGIN_DELAY", 60, validate=validate.Range(min=1, max=86_400))
EVENTHUB_MAX_PENDING_PER_ADDRESS = env.int("EVENTHUB_MAX_PENDING_PER_ADDRESS", 500, validate=validate.Range(min=1))
EVENTHUB_REQUEST_TIMEOUT = env.float("EVENTHUB_REQUEST_TIMEOUT", 20.0, validate=validate.Range(min=1))
# Delete daily what types need not keep; the monitor that leads does it.
EVENTHUB_PRUNE_DAILY = env.bool("EVENTHUB_PRUNE_DAILY", True)
EVENTHUB_METRICS_NETWORKS: list[Network] = env.list(
    "EVENTHUB_METRICS_NETWORKS", [], subcast=partial(network, variable="EVENTHUB_METRICS_NETWORKS")
)
EVENTHUB_SOURCES: list[str] = env.list("EVENTHUB_SOURCES", ["auth", "admin_log", "access_change", "error_log"])
MCP_ALLOWED_HOSTS: list[str] = env.list("MCP_ALLOWED_HOSTS", [])
MCP_ALLOWED_NETWORKS: list[Network] = env.list("MCP_ALLOWED_NETWORKS", [], subcast=network)
# Asked once a minute by the monitor that leads; who is not asked for a while raises an alarm.
EVENTHUB_PING_URL = env.str("EVENTHUB_PING_URL", "", validate=validate.Regexp(r"(https?://.*)?\Z"))
MCP_CANARY_URL = env.str("MCP_CANARY_URL", "", validate=validate.Regexp(r"(https?://.*)?\Z"))

EVENTHUB_MCP_SECRETS: list[Usable] = env.list("EVENTHUB_MCP_SECRETS", [], subcast=usable_secret)
MCP_SECRETS_IN_FILE = secrets_in(env_file, EVENTHUB_MCP_SECRETS)

# Where webhooks may go besides https to public addresses, how many there may be, and when a dead one is suspended.
EVENTHUB_DELIVERY_ALLOWED_HOSTS: list[str] = env.list("EVENTHUB_DELIVERY_ALLOWED_HOSTS", [])
EVENTHUB_DELIVERY_ALLOWED_NETWORKS: list[Network] = env.list(
    "EVENTHUB_DELIVERY_ALLOWED_NETWORKS", [], subcast=partial(network, variable="EVENTHUB_DELIVERY_ALLOWED_NETWORKS")
)
# Whether hosts of agents can sign in by OAuth, and whose documents they may have besides https at public addresses.
EVENTHUB_OAUTH = env.bool("EVENTHUB_OAUTH", True)
EVENTHUB_OAUTH_ALLOWED_HOSTS: list[str] = env.list("EVENTHUB_OAUTH_ALLOWED_HOSTS", [])
EVENTHUB_OAUTH_ALLOWED_NETWORKS: list[Network] = env.list(
    "EVENTHUB_OAUTH_ALLOWED_NETWORKS", [], subcast=partial(network, variable="EVENTHUB_OAUTH_ALLOWED_NETWORKS")
)
EVENTHUB_STANDING_PER_USER = env.int("EVENTHUB_STANDING_PER_USER", 50, validate=validate.Range(min=0))
EVENTHUB_STANDING_IN_ALL = env.int("EVENTHUB_STANDING_IN_ALL", 2_000, validate=validate.Range(min=0))
EVENTHUB_SUSPEND_AFTER_DAYS = env.float("EVENTHUB_SUSPEND_AFTER_DAYS", 3.0, validate=validate.Range(min=0.01))
DESTINATION_SECRETS_IN_FILE = destination_secrets_in(env_file)

REST_KNOX = {"TOKEN_PREFIX": TOKEN_PREFIX, "TOKEN_TTL": timedelta(days=90)}

REDIS_URL = env.str("REDIS_URL", "")


def channel_layers(valkey: Path) -> dict[str, Any]:
    """Return CHANNEL_LAYERS for the servers of REDIS_URL, else for the Valkey that has this socket. Raises EnvError."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": parse_servers(REDIS_URL or f"unix://{quote(str(valkey))}")},
        }
    }
