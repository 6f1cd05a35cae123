"""The Django app of the admin, with eventhub's own site."""

from __future__ import annotations

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    """Django's admin with our site. Outside of `events.admin`, which registers with that site while it is imported."""

    default_site = "events.editing.site.Site"
