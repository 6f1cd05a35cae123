"""Nchan, a pub/sub server in C (a module of nginx), to compare with: one channel, to which all WebSockets listen.

`python -m benchmarks.servers.nchan PORT` serves it; Debian has it as libnginx-mod-nchan.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench.processes import FAILED

MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"), Path("/usr/share/nginx/modules"))
MODULE = "ngx_nchan_module.so"
START_S = 10.0
FILES = 65536  # connections a worker may have; how many the process may is its `ulimit -n`
CHANNEL = "events"
PUBLISH = "/publish"
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log stderr error;
load_module {module};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = /ws/events {{ nchan_subscriber websocket; nchan_channel_id {channel}; }}
        location = {publish} {{
            nchan_publisher http;
            nchan_channel_id {channel};
            nchan_message_buffer_length 1000;
        }}
    }}
}}
"""


class Missing(Exception):
    message = "Nchan is not installed: apt-get install nginx-light libnginx-mod-nchan"

    def __init__(self) -> None:
        super().__init__(self.message)


def configuration(folder: Path, port: int) -> str:
    """Raises Missing."""
    module = next((folder / MODULE for folder in MODULES if (folder / MODULE).exists()), None)
    if module is None or shutil.which("nginx", path=path()) is None:
        raise Missing
    return CONFIGURATION.format(
        user="user root;" if os.geteuid() == 0 else "",
        files=FILES,
        folder=folder,
        module=module,
        port=port,
        channel=CHANNEL,
        publish=PUBLISH,
    )


def path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin"


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def main(port: int) -> None:
    """Serve until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="eventhub-nchan-") as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(configuration(folder, port))
        command = ["nginx", "-p", name, "-c", "nginx.conf"]
        with subprocess.Popen(command, env={"PATH": path()}) as nginx:
            try:
                wait_for(port)
                print("ready", flush=True)
                signal.pause()
            finally:
                nginx.terminate()


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except (Missing, ConnectionRefusedError) as error:
        print(f"{FAILED}{error}", flush=True)
