"""What 90 days of 1,000 MCP servers take on disk, and pages of them of CPU: `-m benchmarks.growth.reliability`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.bench.processes import ROOT, Failed, bench
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import fresh_installation

SERVERS, DAYS = 1_000, 90
FILL_S = 900.0
WORK = """
import json, os, random, sys, time
import django
django.setup()
from statistics import median
import msgspec
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from events.mcp.models import McpHour, McpReliability, McpServer, McpServerState
from events.mcp.reliability.figures import Recent
from events.mcp.reliability.tally import Counts, Hour, Tally

servers, days = map(int, sys.argv[1:])
chance, now = random.Random(1), int(time.time() // 3600)
file = connection.settings_dict["NAME"]

def size():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return os.stat(file).st_size

def lived(server_id):
    hours = []
    for hour in range(now - days * 24, now):
        down = 600 if chance.random() < 0.02 else 0
        buckets = {bucket: chance.randrange(1, 60) for bucket in range(5, 5 + chance.randrange(2, 7))}
        failures = {"timeout": 4, "connect": 2} if down else {}
        hours.append(Hour(hour, Counts(3600 - down, down, 0, 120, failures, buckets)))
    figures = McpReliability(server_id=server_id)
    figures.take(hours)
    return figures, [McpHour.of(server_id, hour) for hour in hours]

before = size()
lives = [lived(0) for _ in range(10)]
tally = msgspec.msgpack.encode(Tally(now, Counts(up=600, checks=20, latencies={5: 20})))
for number in range(servers):
    server = McpServer.objects.create(name=f"server_{number}", url=f"http://127.0.0.1:9/{number}")
    figures, hours = lives[number % len(lives)]
    figures.server_id = server.pk
    for row in hours:
        row.pk, row.server_id = None, server.pk
    with transaction.atomic():
        McpHour.objects.bulk_create(hours)
        McpReliability.objects.bulk_create([figures])
        McpServerState.objects.filter(server=server).update(tally=tally, health_status="healthy", results="+" * 21)
    if number % 100 == 0:
        print(number, file=sys.stderr, flush=True)
grown = size() - before
call_command("collectstatic", "--noinput", verbosity=0)
client = Client(headers={"Host": "localhost"})
client.force_login(User.objects.create_superuser("looks_at_pages"))

def took(address):
    times = []
    for _ in range(8):
        began = time.process_time()
        answer = client.get(address)
        assert answer.status_code == 200, answer.status_code
        times.append((time.process_time() - began) * 1000)
    return median(times[1:])

one = McpServer.objects.order_by("pk").first().pk
pages = {name: took(name.format(one)) for name in ("/fleet", "/fleet?order=uptime_90d&page=5", "/fleet/{}")}
began = time.process_time()
for each in McpReliability.objects.all()[:100]:
    each.take([Hour(now, Counts(3600, 0, 0, 120, {}, {5: 100}))])
rolled = (time.process_time() - began) * 10
print(json.dumps({"rows": McpHour.objects.count(), "bytes": grown, "pages": pages, "rolled": rolled}))
"""


def main() -> None:
    with fresh_installation() as installation:
        command = [sys.executable, "-c", WORK, str(SERVERS), str(DAYS)]
        environment = {**os.environ, **installation.environment}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, timeout=FILL_S, text=True
        )
    if done.returncode:
        raise Failed("the servers could not be filled in; why is above")
    seen = json.loads(done.stdout)
    rows = [[f"{seen['rows']:,} hours on disk, MB", seen["bytes"] / 1e6]]
    rows += [[f"{name}, ms of CPU", ms] for name, ms in seen["pages"].items()]
    rows.append(["an hour of one server that ends, ms of CPU", seen["rolled"]])
    show(f"{DAYS} days of {SERVERS:,} MCP servers (SQLite)", ["what", "measured"], rows, ["A page shows 50 servers."])


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
