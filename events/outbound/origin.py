"""Scheme, host and port of a URL: what a secret is sent to. Read as the client reads it that connects."""

from __future__ import annotations

import httpx

USUAL_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host (in lower case, a foreign one as xn--…) and port; of what is no URL, itself as the host."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return "", url, None
    return parsed.scheme, parsed.raw_host.decode(), parsed.port or USUAL_PORTS.get(parsed.scheme)


def host_of(url: str) -> str:
    """Return the host, with the port if it is not the usual one."""
    scheme, host, port = origin_of(url)
    name = f"[{host}]" if ":" in host else host
    return name if port == USUAL_PORTS.get(scheme) else f"{name}:{port}"


def origin_text(url: str) -> str:
    """Return the one way to write an origin: https://mcp.example.org, with the port if it is not the usual one."""
    return f"{origin_of(url)[0]}://{host_of(url)}"
