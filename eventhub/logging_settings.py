"""What the processes write to their logs, and what they leave out."""

from __future__ import annotations

from typing import Any


def logging_settings(level: str, form: str) -> dict[str, Any]:
    """Return Django's LOGGING: lines to the console, and errors as events; no token, and no line that anybody could
    have written as often as they like. The form is “text” or “json”."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "bounded": {"()": "eventhub.log_bounds.Bounded"},
            "redact_tokens": {"()": "eventhub.logs.RedactTokens"},
            "ids": {"()": "events.log_ids.AddIds"},
            "no_traceback": {"()": "eventhub.logs.NoTraceback"},
            "away_is_no_error": {"()": "eventhub.logs.AwayIsNoError"},
        },
        "formatters": {
            "text": {"format": "{asctime} {levelname:7} {name}: {message}", "style": "{"},
            "json": {"()": "eventhub.json_lines.JsonLines"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "filters": ["bounded", "redact_tokens", "ids"],
            },
            "system_error": {"class": "events.error_handler.ErrorHandler", "filters": ["redact_tokens"]},
        },
        "root": {"handlers": ["console", "system_error"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level},
            "django.server": {"handlers": [], "propagate": True},  # Django gives it a handler that redacts nothing
            "django.db.backends": {"level": "INFO"},  # at DEBUG it writes down all parameters, session keys among them
            # At DEBUG, where a name is missing, it writes down all that a page knows, also a secret that is shown once.
            "django.template": {"level": "INFO"},
            # Not a line for whatever address anybody asks for.
            "django.request": {"level": "ERROR", "filters": ["away_is_no_error"]},
            "django.security.DisallowedHost": {"filters": ["no_traceback"]},  # anybody can send a foreign Host
            # A line for each of its tries; those who ask for a connection tell that there is none.
            "psycopg.pool": {"level": "ERROR"},
            "channels_redis.pubsub": {"filters": ["no_traceback"]},  # one a second while its server is away
            # Three lines for each WebSocket at INFO; these name the query string, hence the filter here too.
            "uvicorn.error": {
                "filters": ["redact_tokens"],
                "level": "DEBUG" if level == "DEBUG" else "WARNING",
            },
            "uvicorn.access": {"filters": ["redact_tokens"], "level": level},
            "django_mcpz.calls": {"level": "WARNING"},  # a line for each call of a tool
            "httpx": {"level": "WARNING"},  # a line for each request of a probe
            "apprise": {"level": "CRITICAL"},  # its lines quote what services answer
            "oauthlib": {"level": "INFO"},  # at DEBUG it writes down codes
            "urllib3": {"level": "CRITICAL"},  # with which it sends: it writes down paths, secrets among them
            "httpcore": {"level": "WARNING"},  # at DEBUG it writes down the headers, credentials among them
            "daphne": {"level": "DEBUG" if level == "DEBUG" else "WARNING"},
        },
    }
