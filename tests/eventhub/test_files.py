"""What eventhub writes is for its own user alone, whatever folder it is given and whatever umask it starts with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT


def test_the_database_and_all_beside_it_are_private_in_a_folder_that_is_not(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    var_dir.mkdir(mode=0o755)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "eventhub.settings",
        "EVENTHUB_ENV_FILE": "",
        "EVENTHUB_VAR_DIR": str(var_dir),
        "EVENTHUB_DOORBELLS": "0",
        "DATABASE_URL": f"sqlite:///{var_dir / 'eventhub.sqlite3'}",
    }
    # While the connection is open, so that the write-ahead log is there.
    code = f"""
from os import listdir, stat
from django.core.management import call_command
call_command("migrate", "contenttypes", verbosity=0)
for name in sorted(listdir({str(var_dir)!r})):
    print(name, oct(stat({str(var_dir)!r} + "/" + name).st_mode & 0o777))
"""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, umask=0o022)
    names = ["eventhub.sqlite3", "eventhub.sqlite3-shm", "eventhub.sqlite3-wal", "secret_key"]
    assert done.stdout.splitlines() == [f"{name} 0o600" for name in names]


def test_the_file_of_settings_is_private(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "run", tmp_path / "bin" / "run")
    (tmp_path / "bin" / "setup").write_text("")  # it would install eventhub, which then would start
    (tmp_path / ".venv" / "bin" / "python").symlink_to("/bin/true")
    subprocess.run(["sh", "bin/run"], cwd=tmp_path, check=True, umask=0o022)
    written = tmp_path / ".env"
    assert "MCP_ALLOWED_NETWORKS=" in written.read_text()
    assert written.stat().st_mode & 0o777 == 0o600
