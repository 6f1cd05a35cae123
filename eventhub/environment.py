"""Validators of single values of the environment, with better error messages than environs has."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable

from dotenv import dotenv_values
from environs import EnvError

from events.mcp.secret import PREFIX, Usable, is_ours
from events.outbound.address import AddressRefused, parse_address
from events.outbound.origin import origin_text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PATH = r"(/[A-Za-z0-9._~-]+)*\Z"  # of the site, below its host
NO_PATH = "it begins with / and does not end with it, as in /eventhub."

FOR_DESTINATIONS = "EVENTHUB_DESTINATION_"  # how the names of variables begin that hold secrets of destinations

_SECRET = re.compile(r"SECRET|PASSWORD|_URL$|EVENTHUB_DESTINATION_")  # a URL may hold a password


def port(value: str) -> int:
    if value.isdecimal() and 0 < int(value) < 65536:
        return int(value)
    raise EnvError(f'Environment variable "EVENTHUB_PORTS" invalid: {value!r} is not a port (1 to 65535).')


def network(value: str, variable: str = "MCP_ALLOWED_NETWORKS") -> Network:
    try:
        return ipaddress.ip_network(value)
    except ValueError as error:
        raise EnvError(f'Environment variable "{variable}" invalid: {error} (as in 127.0.0.0/8 or ::1/128).') from error


def cors_origin(value: str) -> str:
    if re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", value):
        return value
    raise EnvError(
        f'Environment variable "EVENTHUB_CORS_ORIGINS" invalid: {value!r} is no origin in lower case, without a path, '
        "such as https://app.example.org or http://localhost:5173."
    )


def usable_secret(value: str) -> Usable:
    """Parse one entry of EVENTHUB_MCP_SECRETS: NAME or NAME@ORIGIN."""
    name, at, url = value.partition("@")
    refused = 'Environment variable "EVENTHUB_MCP_SECRETS" invalid: '
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name):
        raise EnvError(f"{refused}each is the name of a variable, or name@https://host:port.")
    if is_ours(name):
        raise EnvError(f"{refused}{name} is eventhub's own, and not sent to MCP servers; another name is needed.")
    if not at:
        return Usable(name)
    try:
        if parse_address(url).path.strip("/"):
            raise EnvError(f"{refused}of {name}, an origin has no path: {origin_text(url)}.")
    except AddressRefused as refusal:
        raise EnvError(f"{refused}of {name}, {refusal}") from refusal
    return Usable(name, origin_text(url))


def secrets_in(file: str, listed: Iterable[Usable]) -> dict[str, str]:
    """Return the secrets of MCP servers that stand in a .env file: environs does not put these into the environment."""
    names = {each.name for each in listed}
    values = dotenv_values(file) if file else {}
    return {name: value for name, value in values.items() if value and (name.startswith(PREFIX) or name in names)}


def destination_secrets_in(file: str) -> dict[str, str]:
    """Return the secrets of destinations that stand in a .env file."""
    values = dotenv_values(file) if file else {}
    return {name: value for name, value in values.items() if value and name.startswith(FOR_DESTINATIONS)}


def explain_error(error: EnvError) -> str:
    """Return the error with the value that was given, unless that may be a secret."""
    name = re.search(r'"([A-Z_]+)"', str(error))
    value = os.environ.get(name[1]) if name and not _SECRET.search(name[1]) else None
    return f"{error}" + ("" if value is None else f" It is {value!r}.")
