"""The plots of compare.py: one for each question, a colour for each store throughout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib

matplotlib.use("Agg")  # files only, on any machine

from matplotlib import pyplot
from matplotlib.ticker import EngFormatter
from one_tail import PERCENTILES
from rounds import Figures
from rows import OUT

# Ours are warm, LSM trees blue, trees on pages green.
STYLES: dict[str, dict[str, Any]] = {
    "skiplith": {"color": "#d62728", "marker": "o"},
    "skiplith, skiplist": {"color": "#ff7f0e", "marker": "o"},
    "skiplith, mutex_map": {"color": "#c49c94", "marker": "x", "linestyle": ":"},
    "skiplith, rwlock_map": {"color": "#8c564b", "marker": "+", "linestyle": ":"},
    "plyvel": {"color": "#1f77b4", "marker": "s"},
    "plyvel, 4 MiB buffer": {"color": "#1f77b4", "marker": "s", "linestyle": ":", "mfc": "white"},
    "rocksdict": {"color": "#17becf", "marker": "D"},
    "lmdb": {"color": "#2ca02c", "marker": "^"},
    "lmdb, one transaction": {"color": "#2ca02c", "marker": "^", "linestyle": ":", "mfc": "white"},
    "sqlite3": {"color": "#9467bd", "marker": "v"},
    "dict": {"color": "#7f7f7f", "marker": ".", "linestyle": "--"},
}
AXES = {"batch": "pairs in a batch", "value_bytes": "bytes of a value", "threads": "threads"}
UNITS = ((1 << 20, "Mi"), (1 << 10, "Ki"))


def short(number: float) -> str:
    for size, letters in UNITS:
        if number >= size and number % size == 0:
            return f"{number / size:.0f} {letters}"
    return f"{number:,.0f}"


def draw(questions: Iterable[Any], results: Mapping[Any, Any], slow: Figures) -> list[Path]:
    return [*(by_question(question, results) for question in questions), latencies(slow)]


def panels(count: int) -> tuple[Any, list[Any]]:
    figure, axes = pyplot.subplots(
        1, count, figsize=(1.6 + 5.4 * count, 5), sharey=True, squeeze=False, layout="constrained"
    )
    return figure, list(axes[0])


def save(figure: Any, axis: Any, name: str) -> Path:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    path = OUT / f"{name}.png"
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    return path


def by_question(question: Any, results: Mapping[Any, Any]) -> Path:
    """Operations a second; the bars are the least and the greatest round."""
    figure, axes = panels(len(question.operations))
    for axis, operation in zip(axes, question.operations, strict=True):
        for store in question.stores:
            times = [results[case][f"{operation}_ns"] for case in question.cases(store)]
            middles = [1e9 / median(ns) for ns in times]
            below = [middle - 1e9 / max(ns) for middle, ns in zip(middles, times, strict=True)]
            above = [1e9 / min(ns) - middle for middle, ns in zip(middles, times, strict=True)]
            axis.errorbar(
                question.values, middles, (below, above), label=store, capsize=2, **STYLES[store]
            )
        axis.set_title(f"{operation}s")
        axis.set(xscale="log", yscale="log", xlabel=AXES[question.field])
        axis.set_xticks(question.values, [short(value) for value in question.values])
        axis.minorticks_off()
        axis.yaxis.set_major_formatter(EngFormatter())
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("pairs a second")
    return save(figure, axes[0], f"by_{question.field}")


def latencies(slow: Figures) -> Path:
    figure, (axis,) = panels(1)
    names = [*PERCENTILES, "max"]
    for store, found in slow.items():
        seconds = [median(found[name]) / 1e6 for name in names]
        axis.plot(names, seconds, label=store, **STYLES[store])
    axis.set_title("single puts without a pause, one thread")
    axis.set(yscale="log", ylabel="time of a put", xlabel="percentile")
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(EngFormatter("s"))
    axis.grid(alpha=0.3)
    return save(figure, axis, "latencies")
