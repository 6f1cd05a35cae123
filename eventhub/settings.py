"""The settings of an installation, from the environment (or `.env`); `.env.example` tells what each one does."""

from __future__ import annotations

from environs import EnvError, validate

from eventhub.database import database_settings, parse_database_url
from eventhub.environment import NO_PATH, PATH
from eventhub.inside import TEMPLATES as OUR_TEMPLATES
from eventhub.inside.own_settings import *  # noqa: F403
from eventhub.inside.own_settings import EVENTHUB_CORS_ORIGINS, EVENTHUB_PORTS, channel_layers, env
from eventhub.inside.packages import HOME
from eventhub.logging_settings import logging_settings
from eventhub.secret import secret_key
from eventhub.server.sockets import unix_socket

BASE_DIR = HOME

DEBUG = env.bool("EVENTHUB_DEBUG", False)
LOG_LEVEL = env.str("EVENTHUB_LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
LOG_FORMAT = env.str("EVENTHUB_LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))

# Where this installation keeps what it makes: database, secret key, static files, sockets, locks.
EVENTHUB_VAR_DIR = env.path("EVENTHUB_VAR_DIR", BASE_DIR / "var").resolve()
try:
    EVENTHUB_VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    SECRET_KEY = env.str("EVENTHUB_SECRET_KEY", "") or secret_key(EVENTHUB_VAR_DIR / "secret_key")
except OSError as error:
    told = f"{EVENTHUB_VAR_DIR} must be a folder that this user can write to ({error.strerror})."
    raise EnvError(f'Environment variable "EVENTHUB_VAR_DIR" invalid: {told}') from error

# --- Addresses -------------------------------------------------------------------------------------------

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
CORS_ALLOWED_ORIGINS = EVENTHUB_CORS_ORIGINS
CORS_URLS_REGEX = "^/api/" if EVENTHUB_CORS_ORIGINS else "(?!)"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "if-none-match", "last-event-id"]
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After", "X-Request-ID"]
CORS_PREFLIGHT_MAX_AGE = 600  # seconds, after which an origin that was taken out must be asked for again

# The mail server, by the names that Django has. Without a host, no mail is sent.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 25, validate=validate.Range(min=1, max=65_535))
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "eventhub@localhost")

# --- Storage and channel layer ---------------------------------------------------------------------------

DATABASES = {
    "default": database_settings(
        parse_database_url(env.str("DATABASE_URL", "") or f"sqlite:///{EVENTHUB_VAR_DIR / 'eventhub.sqlite3'}"),
        pooler=env.bool("EVENTHUB_DATABASE_POOLER", False),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

EVENTHUB_VALKEY_SOCKET = unix_socket(EVENTHUB_VAR_DIR, "valkey.sock")
CHANNEL_LAYERS = channel_layers(EVENTHUB_VALKEY_SOCKET)

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
    # Before all that answers by itself, and only where it has something to say.
    *(["corsheaders.middleware.CorsMiddleware"] if EVENTHUB_CORS_ORIGINS else []),
    "django.middleware.security.SecurityMiddleware",
    "eventhub.static.StaticMiddleware",
    "eventhub.http.sessions.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "eventhub.http.sessions.Users",
    "events.sources.actor.remember_request",
    "simple_history.middleware.HistoryRequestMiddleware",
    "eventhub.http.messages.MessagesOnDemand",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "eventhub.http.content_policy.ContentPolicy",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [OUR_TEMPLATES / "site", OUR_TEMPLATES],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
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
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "eventhub:events"
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

LOGGING = logging_settings(LOG_LEVEL, LOG_FORMAT)
