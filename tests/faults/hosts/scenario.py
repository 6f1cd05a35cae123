"""Every link and every process of an installation on seven hosts fails, while events pour in and clients check them.

    make hosts, or: .venv/bin/python -m tests.faults.hosts.scenario WORD, for the faults whose names have that word

It prints what each fault has cost, and ends with 1 if that is anything. At the end a standby of PostgreSQL is promoted
that lacks events: then clients are told of a gap, and nothing else may happen to them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.database.postgres import PostgresServer
from tests.database.template import make_template
from tests.faults.hosts.installation import Installation
from tests.faults.hosts.network import enter_or_explain
from tests.faults.publishing import Publisher
from tests.faults.subscriber import Subscriber, running
from tests.faults.tally import NOTHING, Tally, tally
from tests.waiting import WITHIN_S, aeventually

RATE = 100.0  # events a second of each of two publishers
CLIENTS = 100
EVERYTHING = 4  # of them; each of the others asks for one name
NAMES = [f"server-{number}" for number in range(24)]
LASTS_S = 6.0  # a fault, unless it is over when a process starts again
HEARTBEAT_S = 5.0
PROMOTED = "a standby that lacks events is promoted"
PAUSE = 60  # events of each publisher after a fault


class Client(Subscriber):
    """One that begins anew where it is told that the log is another one."""

    epoch = ""
    epochs = 0

    def _receive(self, message: Any) -> None:
        epoch = str(message.get("id") or message.get("position", "")).rpartition("-")[0]
        # It begins where `resumed` says: events may come before `replayed` says that there is a gap.
        began = message.get("type") == "resumed" and not str(self.position).startswith(f"{epoch}-")
        if epoch and (began or epoch != self.epoch):
            self.epochs += epoch != self.epoch
            self.epoch = epoch
            self.received, self.start = [], None
            self._after, self._last, self._had = 0, 0, set()
        super()._receive(message)


@asynccontextmanager
async def publishing(installation: Installation, name: str) -> AsyncIterator[list[Publisher]]:
    publishers = [installation.publisher(f"{name}-{host}", host, RATE, ",".join(NAMES)) for host in ("web-1", "web-2")]
    try:
        yield publishers
        for publisher in publishers:
            await publisher.stop()
    finally:
        for publisher in publishers:
            await publisher.end()


def faults(installation: Installation) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return what is done, and how it is undone, by what it is called."""
    found: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {}
    for name, host in installation.hosts.items():
        found[f"the link of {name} is cut"] = (host.cut, host.mend)
    for name in (*(each for each in installation.processes if not each.startswith("valkey")), "valkey"):

        def kill(name: str = name) -> None:
            killed.append(installation.primary_valkey() if name == "valkey" else name)
            installation.kill(killed[-1])

        found[f"{'the primary ' if name == 'valkey' else ''}{name} is killed"] = (
            kill,
            lambda: installation.start_process(killed[-1]),
        )
    killed: list[str] = []
    found["PostgreSQL is killed"] = (installation.primary.kill, installation.primary.start)
    found["its standby is killed"] = (installation.standby.kill, installation.standby.start)
    return found


def show(what: str, costs: Tally, began: float) -> None:
    print(f"{what:<40} {time.monotonic() - began:6.1f} s   {costs}", flush=True)


async def fail_in_turn(installation: Installation, clients: list[Client], only: str) -> Tally:
    costs = NOTHING
    for what, (do, undo) in faults(installation).items():
        if only not in what:
            continue
        began = time.monotonic()
        async with publishing(installation, what.replace(" ", "-")) as publishers:
            await asyncio.gather(*(each.more(PAUSE) for each in publishers))
            await asyncio.to_thread(do)
            await asyncio.sleep(LASTS_S)
            await asyncio.to_thread(undo)
            await installation.all_well()
            await asyncio.gather(*(each.more(PAUSE) for each in publishers))
            await aeventually(lambda: all(each.live for each in clients))
        cost = await tally(installation.server, *clients, publishers=publishers)
        show(what, cost, began)
        costs += cost
    return costs


async def promote(installation: Installation, clients: list[Client]) -> Tally:
    """Promote the standby, which lacks what was committed last."""
    began = time.monotonic()
    standby = installation.standby
    async with publishing(installation, "lost") as publishers:
        await asyncio.gather(*(each.more(PAUSE) for each in publishers))
        await asyncio.to_thread(standby.cut_off)
        await asyncio.gather(*(each.more(PAUSE) for each in publishers))
        installation.primary.kill()
        await asyncio.to_thread(standby.promote)
        installation.server.database.server = standby  # type: ignore[union-attr]
        await installation.all_well()
        await aeventually(lambda: all(each.live and each.epochs == 2 for each in clients), 2 * WITHIN_S)
    async with publishing(installation, "new") as publishers:
        await asyncio.gather(*(each.more(2 * PAUSE) for each in publishers))
    cost = await tally(installation.server, *clients, publishers=publishers)
    show(PROMOTED, cost, began)
    told = {tuple(each.incomplete) for each in clients}
    assert told == {("epoch",)}, f"clients were told of other gaps than one: {told}"
    return cost


async def scenario(installation: Installation, only: str) -> bool:
    token = installation.server.token("alice")
    clients = [
        Client([installation.url], token, None if each < EVERYTHING else {NAMES[each % len(NAMES)]}, HEARTBEAT_S)
        for each in range(CLIENTS)
    ]
    async with running(*clients):
        await aeventually(lambda: all(each.live for each in clients))
        costs = await fail_in_turn(installation, clients, only)
        if only in PROMOTED:
            costs += await promote(installation, clients)
    print(f"in all: {costs}; {sum(len(each.closed) for each in clients):,} connections ended meanwhile")
    return costs == NOTHING


def main(only: str = "") -> int:
    """Run it; the folder of an installation that did not do well stays, with all that its processes have written."""
    enter_or_explain()
    folder = Path(tempfile.mkdtemp(prefix="eventhub-hosts-"))
    try:
        installation = prepared(folder)
    except BaseException:
        shutil.rmtree(folder)
        raise
    try:
        installation.start()
        well = asyncio.run(scenario(installation, only))
    except BaseException:
        print(f"what its processes have written is in {folder}", flush=True)
        raise
    finally:
        installation.stop()
    if well:
        shutil.rmtree(folder)
    return 0 if well else 1


def prepared(folder: Path) -> Installation:
    kept = folder / "template"
    kept.mkdir()
    template = PostgresServer()
    try:
        make_template(kept, template)
    finally:
        template.remove()
    return Installation(folder, kept / "postgres", json.loads((kept / "tokens.json").read_text()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
