"""What an IP address is: public, of a cloud's credentials, or another one in disguise."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Here clouds hand out credentials to any program inside. No setting allows these addresses.
METADATA = tuple(
    ip_network(network)
    for network in (
        *("169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "169.254.0.23/32"),  # AWS, GCP, Azure, …
        *("169.254.42.42/32", "fd00:42::42/128", "fe80::a9fe:a9fe/128"),  # Scaleway, OpenStack over IPv6
        *("fd00:ec2::/32", "fd20:ce::254/128"),  # AWS and GCP over IPv6
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),  # Alibaba, Azure, Oracle
    )
)
# IANA's registries of special addresses, all that is not to be reached from everywhere; Python's `is_global` knows a
# part of them, another one in each version.
NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "240.0.0.0/4"),  # protocols, private, benchmarks, reserved
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # protocols, among them Teredo, benchmarks, ORCHID
    )
)
UNICAST = ip_network("2000::/3")  # of IPv6, the rest is special or not given to anybody
# IPv6 addresses whose last 32 bits are the IPv4 address that is really reached.
STANDS_FOR_IPV4 = (ip_network("64:ff9b::/96"), ip_network("::/96"), ip_network("::ffff:0:0:0/96"))
LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
# Of an address of a NAT64, where the IPv4 one may be: its prefix has 48, 56, 64 or 96 bits, and octet 8 is left out.
NAT64_OCTETS = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: IpAddress) -> bool:
    return (
        address.is_global
        and (isinstance(address, IPv4Address) or address in UNICAST)
        and not any(address in network for network in NOT_PUBLIC)
    )


def really_reached(address: IpAddress) -> IpAddress:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, IPv6Address):
        if stood_for := address.ipv4_mapped or address.sixtofour:
            return stood_for
        if int(address) > 1 and any(address in network for network in STANDS_FOR_IPV4):  # 0 and 1: any and loopback
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def embedded_in(address: IpAddress) -> list[IPv4Address]:
    """Return the IPv4 addresses that a packet to this one may come to, by whichever translator or tunnel."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    octets = address.packed
    if any(address in network for network in STANDS_FOR_IPV4) or octets[8:12] in ISATAP:
        found.append(IPv4Address(octets[12:]))
    if address in LOCAL_NAT64:
        found += [IPv4Address(bytes(octets[place] for place in places)) for places in NAT64_OCTETS]
    return [each for each in found if each is not None]
