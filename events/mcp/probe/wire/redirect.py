"""Where a redirect leads. One that keeps verb and origin is followed, as the official clients do: a trailing slash is
the usual reason. Any other is told of, for it could take the secret elsewhere."""

from __future__ import annotations

import httpx

from events.outbound.origin import origin_of

MAX_REDIRECTS = 5  # of one question, as of the official clients


def target_of(response: httpx.Response) -> httpx.URL | None:
    location = response.headers.get("location", "")
    if not 300 <= response.status_code < 400 or not location:
        return None
    try:
        target = response.request.url.join(location)
        return target if target.raw_host else None
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None


def followed(response: httpx.Response) -> httpx.URL | None:
    """Return where to ask instead, if the redirect keeps the verb, and the scheme, host and port."""
    target = target_of(response) if response.status_code in (307, 308) else None
    if target is None or target.userinfo or origin_of(str(target)) != origin_of(str(response.request.url)):
        return None
    return target


def shown_address(target: httpx.URL) -> str:
    """Return the address without user, password, query and fragment, which may hold secrets."""
    return str(target.copy_with(userinfo=b"", query=None, fragment=None))
