"""Nchan, a pub/sub server in C (a module of nginx), to compare with: one channel, to which all WebSockets listen.

`python -m benchmarks.servers.nchan PORT` serves it; Debian has it as libnginx-mod-nchan.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from benchmarks.servers.peer import Missing, serve

MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"), Path("/usr/share/nginx/modules"))
MODULE = "ngx_nchan_module.so"
FILES = 65536  # connections a worker may have; how many the process may is its `ulimit -n`
CHANNEL = "events"
PUBLISH = "/publish"
MISSING = "Nchan is left out: it is not installed (apt-get install nginx-light libnginx-mod-nchan)."
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


def installed() -> Path:
    """Return where the module is. Raises Missing."""
    module = next((folder / MODULE for folder in MODULES if (folder / MODULE).exists()), None)
    if module is None or shutil.which("nginx", path=path()) is None:
        raise Missing(MISSING)
    return module


def configuration(folder: Path, port: int) -> str:
    """Raises Missing."""
    return CONFIGURATION.format(
        user="user root;" if os.geteuid() == 0 else "",
        files=FILES,
        folder=folder,
        module=installed(),
        port=port,
        channel=CHANNEL,
        publish=PUBLISH,
    )


def path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin"


def command(folder: Path, port: int) -> list[str]:
    """Raises Missing."""
    (folder / "nginx.conf").write_text(configuration(folder, port))
    return ["nginx", "-p", str(folder), "-c", "nginx.conf"]


if __name__ == "__main__":
    port = int(sys.argv[1])
    serve(lambda folder: command(folder, port), port, {"PATH": path()})
