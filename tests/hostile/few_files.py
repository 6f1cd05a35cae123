"""`manage.py` whose server may open few files."""

from __future__ import annotations

import resource

FILES = 96

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    from tests.processes.program import run

    run()
