"""The settings of an installation that has its own user model."""

from eventhub.settings import *  # noqa: F403
from eventhub.settings import INSTALLED_APPS as THEIRS

INSTALLED_APPS = [*THEIRS, "tests.swapped"]
AUTH_USER_MODEL = "swapped.Person"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
