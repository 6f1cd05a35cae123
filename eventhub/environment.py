"""What single values of the environment may be, said where environs would say less."""

from __future__ import annotations

import ipaddress
import os
import re

from environs import EnvError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SECRET = re.compile(r"SECRET|_URL$")  # a URL may hold a password


def port(value: str) -> int:
    if value.isdecimal() and 0 < int(value) < 65536:
        return int(value)
    raise EnvError(f'Environment variable "EVENTHUB_PORTS" invalid: {value!r} is not a port (1 to 65535).')


def network(value: str) -> Network:
    try:
        return ipaddress.ip_network(value)
    except ValueError as error:
        raise EnvError(
            f'Environment variable "MCP_ALLOWED_NETWORKS" invalid: {error} (as in 127.0.0.0/8 or ::1/128).'
        ) from error


def explain(error: EnvError) -> str:
    """Return the error with the value that was given, unless that may be a secret."""
    name = re.search(r'"([A-Z_]+)"', str(error))
    value = os.environ.get(name[1]) if name and not _SECRET.search(name[1]) else None
    return f"{error}" + ("" if value is None else f" It is {value!r}.")
