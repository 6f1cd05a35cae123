"""The servers of the channel layer that REDIS_URL names: one or several, each by itself or behind Sentinels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from environs import EnvError

PLAIN = ("redis", "rediss", "unix")
SENTINEL = ("redis+sentinel", "rediss+sentinel")
SCHEMES = ", ".join(f"{scheme}://" for scheme in (*PLAIN, *SENTINEL))
EXAMPLE = "redis+sentinel://:password@host:26379,host:26379,host:26379/service"
SENTINEL_PORT = 26379

FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
WORDS = {"ssl_cert_reqs": ("required", "optional", "none"), "ssl_check_hostname": ("true", "false")}
TLS = (*FILES, *WORDS, "ssl_ca_path", "ssl_ciphers", "ssl_password")
OF_SENTINELS = ("sentinel_username", "sentinel_password")
# What redis-py itself takes in the address of one server.
OF_SERVER = ("db", "username", "password", "client_name", "protocol", "socket_timeout", "socket_connect_timeout")

# A hung server holds the layer's one lock, so it may cost a publisher no more than this.
SERVER_S = 2.0
# Three Sentinels that do not answer take less together than a doorbell waits.
SENTINEL_S = 0.5
# Finds a subscriber's connection that is half open; the layer itself never would.
HEALTH_CHECK_S = 10


def parse_servers(text: str) -> list[dict[str, Any]]:
    """Return the `hosts` of the channel layer for the value of REDIS_URL: addresses, with commas in between. Raises
    EnvError, which quotes no password."""
    return [server(each.strip()) for each in re.split(r",(?=\s*[a-z+]+://)", text)]


def server(address: str) -> dict[str, Any]:
    try:
        url = split(address)
    except ValueError as error:  # brackets that are no address of IPv6
        refuse(str(error))
    if url.scheme not in (*PLAIN, *SENTINEL):
        refuse(f"{url.scheme!r} is no scheme of a server. It begins with one of {SCHEMES}.")
    if url.scheme != "unix" and "@" in url.path + url.query + url.fragment:
        refuse("the characters / ? # and @ of a name or a password are written as %2F, %3F, %23 and %40.")
    options = checked_options(url)
    timeouts = {"socket_timeout": SERVER_S, "socket_connect_timeout": SERVER_S, "health_check_interval": HEALTH_CHECK_S}
    if url.scheme in SENTINEL:
        return behind_sentinels(url, options) | timeouts
    if url.scheme != "unix":
        host_and_port(url.netloc.rpartition("@")[2], default=6379)
        database(url.path.strip("/"))
    return {"address": address, **timeouts}


def split(address: str) -> SplitResult:
    """Split it as `urlsplit` does, which in newer releases of Python refuses an address of IPv6 behind another host."""
    scheme, _, rest = address.partition("://")
    if scheme.lower() not in SENTINEL:
        return urlsplit(address)
    hosts = re.split("[/?#]", rest, maxsplit=1)[0]
    return urlsplit(f"{scheme}://{rest.removeprefix(hosts)}")._replace(netloc=hosts)


def behind_sentinels(url: SplitResult, options: dict[str, str]) -> dict[str, Any]:
    """Return how to find the primary of a service by its Sentinels. It is asked for anew with each connection."""
    # It takes a fifth of a second, which only those who need it pay.
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    credentials, _, hosts = url.netloc.rpartition("@")
    service, _, number = url.path.strip("/").partition("/")
    if not service:
        refuse(f"a service is missing, as in {EXAMPLE}")
    username, _, password = map(unquote, credentials.partition(":"))
    tls: dict[str, Any] = {name: value for name, value in options.items() if name in TLS}
    if "ssl_check_hostname" in tls:
        tls["ssl_check_hostname"] = tls["ssl_check_hostname"] == "true"
    if url.scheme == "rediss+sentinel":
        tls["ssl"] = True
    of_sentinels = {name.removeprefix("sentinel_"): options[name] for name in OF_SENTINELS if name in options}
    return {
        "master_name": unquote(service),
        "sentinels": [host_and_port(each, default=SENTINEL_PORT) for each in hosts.split(",")],
        "sentinel_kwargs": {
            **of_sentinels,
            **tls,
            "socket_timeout": SENTINEL_S,
            "socket_connect_timeout": SENTINEL_S,
            "retry": Retry(NoBackoff(), 0),  # of one that is away: the next one is asked
        },
        **{name: value for name, value in (("username", username), ("password", password)) if value},
        "db": database(number),
        **tls,
    }


def checked_options(url: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    of_tls = TLS if url.scheme.startswith("rediss") else ()
    allowed = (*of_tls, *(OF_SENTINELS if url.scheme in SENTINEL else OF_SERVER))
    for name, value in options.items():
        if name not in allowed:
            hint = " TLS has rediss:// or rediss+sentinel://." if name in TLS else ""
            refuse(f"{url.scheme}:// has no option {name!r}, but {', '.join(allowed)}.{hint}")
        if name in FILES and not Path(value).is_file():
            refuse(f"{name}={value!r} is no file.")
        if name in WORDS and value not in WORDS[name]:
            refuse(f"{name}={value!r} is none of {', '.join(WORDS[name])}.")
    return options


def host_and_port(text: str, default: int) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:@,/\s]+))(?::([0-9]{1,5}))?", text)
    if found is None or not 0 < int(found[3] or default) < 65536:
        refuse(f"{text!r} is no host:port.")
    return found[1] or found[2], int(found[3] or default)


def database(text: str) -> int:
    if text and not re.fullmatch(r"[0-9]{1,4}", text):
        refuse(f"{text!r} is no number of a database, such as 0.")
    return int(text or 0)


def refuse(why: str) -> NoReturn:
    raise EnvError(f'Environment variable "REDIS_URL" invalid: {why}')
