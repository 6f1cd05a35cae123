"""How cost grows: a table for each of five dimensions, against the real server, and plots of them if asked for.

python -m benchmarks.growth [--quick] [--plots FOLDER] [connections|subscriptions|events|types|log ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench.processes import APART, bench, progress
from benchmarks.bench.tables import machine, say, show
from benchmarks.growth import connections, event_types, events, log, plot, subscriptions
from benchmarks.growth.dimension import Extent, Growth

DIMENSIONS: dict[str, Callable[[Extent], Growth]] = {
    "connections": connections.growth,
    "subscriptions": subscriptions.growth,
    "events": events.growth,
    "types": event_types.growth,
    "log": log.growth,
}
FULL = Extent(sizes=None, seconds=6.0)
QUICK = Extent(sizes=2, seconds=2.0)
ONE_CORE = "One core: server and load shared it."


def main(names: list[str], extent: Extent, plots: Path | None) -> None:
    for name in names:
        began = time.monotonic()
        growth = DIMENSIONS[name](extent)
        progress(f"{name}: {time.monotonic() - began:.0f} s")
        show(growth.title, growth.columns, growth.rows, growth.notes if APART else [*growth.notes, ONE_CORE])
        if plots is not None:
            plot.draw(growth, plots / f"growth-{name}.svg")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("dimensions", nargs="*", help=f"of {', '.join(DIMENSIONS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="two sizes of each, and shorter")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="write an SVG for each dimension there")
    asked = parser.parse_args()
    if unknown := set(asked.dimensions) - DIMENSIONS.keys():
        parser.error(f"there is no {', '.join(unknown)}; choose from {', '.join(DIMENSIONS)}")
    with bench():
        say(machine())
        main(asked.dimensions or list(DIMENSIONS), QUICK if asked.quick else FULL, asked.plots)
