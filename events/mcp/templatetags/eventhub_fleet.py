"""`{% servers_in_trouble as number %}`: what the head of every page says of the fleet."""

from __future__ import annotations

from django import template

from events.mcp.page.listing import count_in_trouble

register = template.Library()


@register.simple_tag
def servers_in_trouble() -> int:
    return count_in_trouble()
