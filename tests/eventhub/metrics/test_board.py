"""The board for Grafana asks for what `/metrics` has, and for all of it."""

from __future__ import annotations

import json
import re

from prometheus_client.parser import text_string_to_metric_families

from eventhub.metrics import exposition, gauges
from eventhub.metrics.database import Known
from events.measuring.snapshot import Snapshot
from tests.servers import ROOT

BOARD = ROOT / "deploy" / "grafana" / "eventhub.json"
NOT_SHOWN = {"eventhub_processes"}  # where a server of Prometheus counts its targets, that says the same


def test_the_board_shows_all_metrics_and_no_other() -> None:
    body, _ = exposition.exposed([Snapshot(gauges={gauges.MEMORY: {"": 1}})], Known(1, 0, 0.5, {"web": 1.0}), "")
    families = {each.name for each in text_string_to_metric_families(body.decode())}
    asked = set(re.findall(r"eventhub_\w+", BOARD.read_text()))
    shown = {re.sub(r"_(total|bucket)$", "", name) for name in asked}
    assert shown == families - NOT_SHOWN


def test_no_panel_of_the_board_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(BOARD.read_text())["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert taken.isdisjoint(cells), panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
