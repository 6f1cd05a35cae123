from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from eventhub.processes import run


class Command(BaseCommand):
    help = "Run everything in the Procfile until Ctrl-C; what `make run` ends with."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(settings.BASE_DIR / "Procfile"))
