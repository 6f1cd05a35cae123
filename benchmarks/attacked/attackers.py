"""Make all attacks of a kind, again and again until ended; a line tells when they begin.

python -m benchmarks.attacked.attackers KIND PORT TOKEN
"""

from __future__ import annotations

import sys

from tests.hostile.attacks import make


def main(kind: str, port: int, token: str) -> None:
    print("attacking", flush=True)
    while True:
        make(kind, port, token)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
