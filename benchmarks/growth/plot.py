"""Draws what grew: a row of small panels in one SVG, legible on white and on black, always the same bytes."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.typing import RcKeyType

from benchmarks.growth.dimension import Growth, Panel

GREY = "#737d89"  # as far from white as from black
LINES = (  # told apart on both, and by those who do not see the colours
    ("#2f81f7", "-"),
    ("#d9730d", "--"),
    ("#2da44e", "-."),
    ("#bf5af2", ":"),
    ("#e5534b", (0, (8, 2))),
    ("#1b9e9e", (0, (4, 1, 1, 1, 1, 1))),
)
WIDTH, HEIGHT = 11.6, 3.3  # inches
WIDE = 300  # times the lowest; an axis that goes further has room for powers of ten only
NO_METADATA = ("Date", "Creator", "Format", "Type")
STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "eventhub",
    "svg.fonttype": "none",  # the reader's font: outlines would double the size
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],  # what a reader has; of about the same width
    "font.size": 10,
    "axes.titlesize": 10.5,
    "legend.fontsize": 9,
    "legend.handlelength": 1.6,
    "text.color": GREY,
    "axes.labelcolor": GREY,
    "axes.edgecolor": GREY,
    "axes.titlecolor": GREY,
    "xtick.color": GREY,
    "xtick.labelsize": 9,
    "ytick.color": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
}


def draw(growth: Growth, path: Path) -> None:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(growth.panels)), growth.panels, strict=True):
            draw_panel(axes, panel)
        figure.supxlabel(growth.what, fontsize=10)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", transparent=True, metadata=dict.fromkeys(NO_METADATA))


def draw_panel(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title, loc="left")
    for (colour, dashes), (label, line) in zip(cycle(LINES), panel.lines.items(), strict=False):
        xs, ys = zip(*line, strict=True)
        axes.plot(xs, ys, linestyle=dashes, marker="o", color=colour, label=label)
    axes.set_xscale("log")
    axes.set_xticks(sorted({x for line in panel.lines.values() for x, _ in line}))
    axes.xaxis.set_minor_locator(NullLocator())
    scale_figures(axes, [y for line in panel.lines.values() for _, y in line], panel.log)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    if len(panel.lines) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.1), ncols=2, frameon=False, columnspacing=1)


def scale_figures(axes: Axes, figures: list[float], log: bool) -> None:
    """From zero, so that what is flat looks flat, or by powers of ten."""
    if not log:
        axes.set_ylim(0, 1.15 * max(figures))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        return
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1,) if max(figures) > WIDE * min(figures) else (1, 2, 5)))


def short(value: float) -> str:
    """1,500 as 1.5k."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"
