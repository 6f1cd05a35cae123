"""Slow, stalled and half-open clients among healthy ones: the server gets rid of them, and they come back to all."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from benchmarks.servers.watched import resident_kib
from tests.conftest import MakeServer
from tests.faults.proxy import Proxy
from tests.faults.publishing import publishing
from tests.faults.subscriber import Subscriber, subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess
from tests.waiting import aeventually

HEALTHY = OF_EACH_KIND = 2
RATE, PADDING = 40, 40_000  # events a second, characters of each
SLOW_RATE = 300_000  # bytes a second for all slow ones, of the 1.6 million that come for each
KEPT = 425  # events: as many as the server keeps at most for those who come back, 16 MiB of payloads
MAX_MORE_KIB = (HEALTHY + 3 * OF_EACH_KIND) * 2048  # 2 MiB of unsent frames each
ESTABLISHED = "01"


def peers(server: ServerProcess) -> set[str]:
    """The addresses at the other end of the connections that the kernel has for the server."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f"{server.ports[0]:04X}"
    return {peer for _, local, peer, state, *_ in lines if local.endswith(f":{port}") and state == ESTABLISHED}


async def test_slow_stalled_and_half_open_clients_cost_the_others_nothing_and_themselves_no_event(
    make_server: MakeServer,
) -> None:
    server = make_server(start=False)
    server.program = Path(__file__).with_name("impatient.py")
    server.start()
    assert server.process is not None
    async with AsyncExitStack() as stack:
        proxies = stack.enter_context(ExitStack())
        slow, stalled, half_open = (proxies.enter_context(Proxy.to_port(server.ports[0])) for _ in range(3))

        async def some(count: int, proxy: Proxy | None = None, names: set[str] | None = None) -> list[Subscriber]:
            urls = [server.ws_url if proxy is None else server.ws_url.replace(str(server.ports[0]), str(proxy.port))]
            joined = [subscribed(server, names=names, urls=urls, heartbeat=None) for _ in range(count)]
            return [await stack.enter_async_context(each) for each in joined]

        healthy = await some(HEALTHY)
        of_the_healthy = peers(server)
        # The half-open ones ask for nothing that comes, so that only unanswered pings can tell.
        troubled = [
            *await some(OF_EACH_KIND, slow),
            *await some(OF_EACH_KIND, stalled),
            *await some(OF_EACH_KIND, half_open, {"nobody"}),
        ]
        of_the_troubled = peers(server) - of_the_healthy
        assert len(of_the_troubled) == len(troubled)
        async with publishing(server, rate=RATE, padding=PADDING) as publisher:
            half_open.black_hole()
            await publisher.more(KEPT)  # so that what these take is not counted for a cost of the trouble
            before = resident_kib(server.process.pid)
            slow.rate = SLOW_RATE / OF_EACH_KIND
            stalled.black_hole()
            await aeventually(lambda: of_the_troubled.isdisjoint(peers(server)))
            await publisher.more(50)
            assert resident_kib(server.process.pid) < before + MAX_MORE_KIB
            slow.rate = None
            stalled.heal()
            half_open.heal()
        # Fewer and smaller events go on, so that also a busy machine lets them catch up.
        async with publishing(server, "later", rate=20) as later:
            await aeventually(lambda: all(each.live and each.connections > 1 for each in troubled))
        assert await tally(server, *healthy, *troubled, publishers=[publisher, later]) == NOTHING
    assert all(each.closed == [] for each in healthy)
    assert all(not each.incomplete for each in troubled)
