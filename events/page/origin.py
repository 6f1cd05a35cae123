"""Whether a page's own scripts may open WebSockets: if the page's address is not allowed, it says so."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port


def refused_origin(request: HttpRequest) -> str:
    """Return the address that must be allowed, or "". Whether it is https is left open: a proxy may not have told."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    allowed = {origin.partition("://")[2].lower() for origin in settings.EVENTHUB_ALLOWED_ORIGINS}
    name, port = split_domain_port(host)
    wildcards = [each.removeprefix("*") for each in allowed if each.startswith("*.")]
    if "*" in allowed or host.lower() in allowed or any(name.endswith(each) for each in wildcards):
        return ""
    if port in ("80", "443") and name in allowed:
        return ""
    return f"{request.scheme}://{host}"
