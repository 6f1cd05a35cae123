"""What REDIS_URL may name, and how it is refused: in words that quote no password."""

from __future__ import annotations

from pathlib import Path

import pytest
from channels_redis.utils import create_pool
from environs import EnvError

from eventhub.inside.redis_servers import parse_servers
from tests.cases import each_case


def test_several_servers_stand_between_commas_each_with_its_options(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    first, second, third = parse_servers(f"redis://:p,w@a, rediss://b:7/1?ssl_ca_certs={authority},unix:///run/a%20b")
    assert (first["address"], second["address"], third["address"]) == (
        "redis://:p,w@a",
        f"rediss://b:7/1?ssl_ca_certs={authority}",
        "unix:///run/a%20b",
    )


async def test_a_service_of_sentinels_has_all_that_a_connection_needs(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    [found] = parse_servers(
        "rediss+sentinel://eventhub:p%40ss@a,b:7,[::1]:8/main/2"
        f"?sentinel_password=other&ssl_ca_certs={authority}&ssl_check_hostname=false"
    )
    pool = create_pool(found)
    connection = pool.make_connection()
    kept = pool.connection_kwargs
    assert pool.service_name == "main"
    assert (kept["username"], kept["password"], kept["db"]) == ("eventhub", "p@ss", 2)
    assert connection.ssl_context.ca_certs == str(authority)
    assert connection.ssl_context.check_hostname is False
    asked = [each.connection_pool.make_connection() for each in pool.sentinel_manager.sentinels]
    assert [(each.host, each.port) for each in asked] == [("a", 26379), ("b", 7), ("::1", 8)]
    assert {(each.username, each.password, each.ssl_context.ca_certs) for each in asked} == {
        (None, "other", str(authority))
    }


@each_case(
    ("value", "told"),
    [
        ("localhost:6379", "'localhost' is no scheme of a server. It begins with one of redis://"),
        ("http://a", "redis+sentinel://"),
        ("redis://a:99999", "'a:99999' is no host:port"),
        ("redis://a/first", "'first' is no number of a database"),
        ("redis://a,b", "'a,b' is no host:port"),
        ("redis+sentinel://a,b", "a service is missing, as in redis+sentinel://"),
        ("redis+sentinel://a,,b/main", "'' is no host:port"),
        ("redis+sentinel://a/main/first", "'first' is no number of a database"),
        ("redis://a?ssl_ca_certs=x", "TLS has rediss://"),
        ("rediss://a?ssl_ca_certs=/not/there", "ssl_ca_certs='/not/there' is no file"),
        ("rediss://a?ssl_cert_reqs=yes", "'yes' is none of required, optional, none"),
        ("redis://a?databse=1", "has no option 'databse', but db"),
        ("redis+sentinel://a/main?sentinel_pasword=secret", "has no option 'sentinel_pasword'"),
        ("redis://me:secret/more@a", "%2F"),
        ("redis://:secret#more@a", "%23"),
        ("redis://[secret@a", "REDIS_URL"),
        ("redis://a, http://b", "'http' is no scheme"),
    ],
)
def test_what_cannot_be_used_is_named_and_a_password_is_not(value: str, told: str) -> None:
    with pytest.raises(EnvError) as refused:
        parse_servers(value)
    assert 'Environment variable "REDIS_URL" invalid: ' in str(refused.value)
    assert told in str(refused.value)
    assert "secret" not in str(refused.value)
