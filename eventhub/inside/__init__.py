"""eventhub inside another Django project, which has its own settings, addresses, users and templates.

`defaults` gives the project's settings what they do not have of eventhub's, `urls` has all addresses but those of a
whole site, `asgi` what is answered before Django. `packages`, `apps_in_place` and `checks` say what is missing.
docs/inside-a-project.md is for those who do it.
"""

from __future__ import annotations

from eventhub.inside.packages import HOME, demand_packages

demand_packages()  # while the project's settings are read: the next import would fail without a word of why

from eventhub.database import database_settings  # noqa: E402

__all__ = ["TEMPLATES", "database_settings"]

# For DIRS of the project's TEMPLATES. The names in it begin with eventhub/, or with admin/ and one of our apps.
# Those in `site` are for an installation alone.
TEMPLATES = HOME / "templates"
