"""How a benchmark prints: Markdown tables, under a line that tells when and on what they were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 160  # characters; wider than a terminal rather than wrapped, so that the output can be pasted

console = Console(width=WIDTH, highlight=False, markup=False, emoji=False)


def say(line: str = "") -> None:
    console.print(line, soft_wrap=True)


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], notes: Sequence[str] = ()) -> None:
    """Print a table: words to the left, numbers to the right, as `figure` writes them."""
    table = Table(box=box.MARKDOWN)
    shown = [[figure(value) for value in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = all(is_number(row[index]) for row in shown)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for row in shown:
        table.add_row(*row)
    say(f"\n### {title}\n")
    with console.capture() as capture:
        console.print(table)
    say("\n".join(line.strip() for line in capture.get().splitlines() if line.strip()))
    if notes:
        say()
    for note in notes:
        say(f"- {note}")


def figure(value: object) -> str:
    """Three significant digits and no fewer than the whole part has: 0.0123, 4.56, 1,235."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    decimals = 0
    while decimals < 6 and value and abs(value) * 10**decimals < 100:
        decimals += 1
    return f"{value:,.{decimals}f}"


def is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").strip("<≥≤×- ").isdigit() or text in {"", "–"}


def machine() -> str:
    """Date, processor, cores, kernel and Python, for the head of every set of tables."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{now}, {processor()}, {os.cpu_count()} cores, {system}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
