"""`{{ text|outside }}` in templates."""

from __future__ import annotations

from django import template

from events.page import markup

register = template.Library()
register.filter("outside", markup.outside)
