"""Every setting comes from the environment (or `.env`); `.env.example` tells what each one does.

Long because Django reads one module.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from environs import Env, validate

from eventhub import __version__
from eventhub.database import database_settings
from eventhub.environment import (
    NO_PATH,
    PATH,
    Network,
    cors_origin,
    destination_secrets_in,
    network,
    port,
    secrets_in,
    usable_secret,
)
from eventhub.logging_settings import logging_settings
from eventhub.secret import secret_key
from eventhub.server.sockets import unix_socket
from events.mcp.secret import Usable

VERSION = __version__
BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
# Set to another file, or to nothing so that no file is read. What is set in the process wins over the file.
if env_file := env.str("EVENTHUB_ENV_FILE", str(BASE_DIR / ".env")):
    env.read_env(env_file, recurse=False)

DEBUG = env.bool("EVENTHUB_DEBUG", False)
LOG_LEVEL = env.str("EVENTHUB_LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
LOG_FORMAT = env.str("EVENTHUB_LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))

# Where this installation keeps what it makes: database, secret key, static files, sockets, locks.
EVENTHUB_VAR_DIR = env.path("EVENTHUB_VAR_DIR", BASE_DIR / "var").resolve()
EVENTHUB_VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
SECRET_KEY = env.str("EVENTHUB_SECRET_KEY", "") or secret_key(EVENTHUB_VAR_DIR / "secret_key")

# --- Addresses -------------------------------------------------------------------------------------------

EVENTHUB_HOST = env.str("EVENTHUB_HOST", "127.0.0.1")
EVENTHUB_PORTS: list[int] = env.list("EVENTHUB_PORTS", [8090, 8500], subcast=port, validate=validate.Length(min=1))
ALLOWED_HOSTS: list[str] = env.list("EVENTHUB_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
# Scheme, host and port of the pages whose scripts may use a visitor's session over a WebSocket.
EVENTHUB_ALLOWED_ORIGINS: list[str] = env.list(
    "EVENTHUB_ALLOWED_ORIGINS",
    [f"http://{host}:{port}" for host in ALLOWED_HOSTS if host[0] not in "*." for port in EVENTHUB_PORTS],
)
# Where the site is below its host, as in https://example.org/eventhub; "" where it has the host for itself.
EVENTHUB_PATH = env.str("EVENTHUB_PATH", "", validate=validate.Regexp(PATH, error=NO_PATH))
FORCE_SCRIPT_NAME = EVENTHUB_PATH or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{EVENTHUB_PATH}/"
HTTPS = bool(EVENTHUB_ALLOWED_ORIGINS) and all(origin.startswith("https://") for origin in EVENTHUB_ALLOWED_ORIGINS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = env.bool("EVENTHUB_HTTPS_REDIRECT", False)
SECURE_HSTS_SECONDS = env.int("EVENTHUB_HSTS_SECONDS", 0, validate=validate.Range(min=0))
# Whether other names of the domain, and browsers' own lists, may be spoken for is for whoever has the domain to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_TRUSTED_ORIGINS = EVENTHUB_ALLOWED_ORIGINS
# Pages of other origins that may call the API, by a token or a ticket; never by a visitor's session.
EVENTHUB_CORS_ORIGINS: list[str] = env.list("EVENTHUB_CORS_ORIGINS", [], subcast=cors_origin)
CORS_ALLOWED_ORIGINS = EVENTHUB_CORS_ORIGINS
CORS_URLS_REGEX = "^/api/" if EVENTHUB_CORS_ORIGINS else "(?!)"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "if-none-match", "last-event-id"]
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After", "X-Request-ID"]
CORS_PREFLIGHT_MAX_AGE = 600  # seconds, after which an origin that was taken out must be asked for again

# --- eventhub's own --------------------------------------------------------------------------------------

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
EVENTHUB_STANDING_PER_USER = env.int("EVENTHUB_STANDING_PER_USER", 50, validate=validate.Range(min=0))
EVENTHUB_STANDING_IN_ALL = env.int("EVENTHUB_STANDING_IN_ALL", 2_000, validate=validate.Range(min=0))
EVENTHUB_SUSPEND_AFTER_DAYS = env.float("EVENTHUB_SUSPEND_AFTER_DAYS", 3.0, validate=validate.Range(min=0.01))
# The mail server, by the names that Django has. Without a host, no mail is sent.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 25, validate=validate.Range(min=1, max=65_535))
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "eventhub@localhost")
DESTINATION_SECRETS_IN_FILE = destination_secrets_in(env_file)

# --- Storage and channel layer ---------------------------------------------------------------------------

DATABASES = {
    "default": database_settings(env.dj_db_url("DATABASE_URL", f"sqlite:///{EVENTHUB_VAR_DIR / 'eventhub.sqlite3'}"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

EVENTHUB_VALKEY_SOCKET = unix_socket(EVENTHUB_VAR_DIR, "valkey.sock")
REDIS_URL = env.str("REDIS_URL", "")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": REDIS_URL or f"unix://{quote(str(EVENTHUB_VALKEY_SOCKET))}",
                    # A hung server holds the layer's one lock, so it may cost a publisher no more than this.
                    "socket_timeout": 2.0,
                    "socket_connect_timeout": 2.0,
                    # Finds a subscriber's connection that is half open; the layer itself never would.
                    "health_check_interval": 10,
                }
            ]
        },
    }
}

# --- Django ----------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "eventhub",  # before staticfiles, for its runserver
    "events",
    "events.mcp",
    "subscriptions",
    "events.editing.apps.AdminConfig",  # Django's admin, with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "csp",
    "corsheaders",
    "simple_history",
]
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",  # before all that answers by itself
    "django.middleware.security.SecurityMiddleware",
    "eventhub.static.StaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "events.sources.actor.remember_request",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "eventhub.http.content_policy.ContentPolicy",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "events.mcp.page.head.in_head",
                "events.page.origin.refused_origin",
                "events.page.first_steps.in_page",
            ]
        },
    }
]
ROOT_URLCONF = "eventhub.urls"
ASGI_APPLICATION = "eventhub.asgi.application"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "eventhub.formats"

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "events"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # the admin's page of a filterable field posts five for each of 500 options

STATIC_URL = f"{EVENTHUB_PATH}/static/"
STATIC_ROOT = EVENTHUB_VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "eventhub.static.HashedModulesStorage"
    },
}

# 'self' does not cover the other port of `serve`, where existing clients connect. The policy's grammar has no
# IPv6 addresses, so such origins are left out.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"]
        + ["ws" + origin[len("http") :] for origin in EVENTHUB_ALLOWED_ORIGINS if "[" not in origin],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "events.access.bearer_token.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "events.http.problem_details.problem_response",
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "ehub_",
    "TOKEN_TTL": timedelta(days=90),
}

LOGGING = logging_settings(LOG_LEVEL, LOG_FORMAT)
