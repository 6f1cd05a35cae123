"""The Django app `eventhub`: its management commands are found through it."""

from __future__ import annotations

from django.apps import AppConfig


class EventhubConfig(AppConfig):
    name = "eventhub"
