"""The Django app `events`: at its start it connects the sources that the settings name."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started
from django.db.models.signals import post_migrate


class EventsConfig(AppConfig):
    name = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only from here on.
        from events.access import signals, token_terms
        from events.sources import SOURCES
        from events.upkeep import single_rows

        signals.connect()
        request_started.connect(token_terms.note_owed, dispatch_uid="eventhub.note_owed")
        post_migrate.connect(single_rows.add_missing, sender=self)
        for name in settings.EVENTHUB_SOURCES:
            if name not in SOURCES:
                raise ImproperlyConfigured(
                    f"EVENTHUB_SOURCES: there is no source “{name}”; there are {', '.join(SOURCES)}."
                )
            SOURCES[name]()
