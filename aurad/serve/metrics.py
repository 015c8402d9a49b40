"""What the daemon counts, as metrics: one table of them, read on demand, never updated. No job is named in a label.

The reference page is made from `METRICS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import trio

from aurad import __version__
from aurad.engine.engine import Engine
from aurad.engine.figures import Histogram
from aurad.model.job import Status
from aurad.serve.operations.table import Call, Nothing, Result, operation

if TYPE_CHECKING:  # 60 ms that a daemon nobody measures need not spend
    from prometheus_client.core import Metric as Family

Labels = tuple[str, ...]


class Metric(NamedTuple):
    """A metric: its name without suffix, what it counts, and what tells its samples apart."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: Labels = ()


class Sample(NamedTuple):
    name: str
    labels: Labels
    value: float | Histogram


METRICS = (
    Metric("aurad_build_info", "gauge", "Always 1; version and run are its labels.", ("version", "boot")),
    Metric("aurad_jobs", "gauge", "Jobs in the journal, by state.", ("status",)),
    Metric("aurad_queue_depth", "gauge", "Jobs that wait to be run."),
    Metric("aurad_tasks_running", "gauge", "Tasks that run now."),
    Metric("aurad_tasks_waiting", "gauge", "Tasks that are ready and wait for a slot."),
    Metric("aurad_tasks_reused", "counter", "Tasks whose result was known already.", ("method",)),
    Metric("aurad_tasks_failed", "counter", "Attempts at tasks that failed.", ("stage", "method")),
    Metric("aurad_task_seconds", "histogram", "How long tasks ran that succeeded.", ("stage", "method")),
    Metric("aurad_event_followers", "gauge", "Streams of events that are open, by edge.", ("edge",)),
    Metric("aurad_events_published", "counter", "Events that became visible."),
    Metric("aurad_events_delivered", "counter", "Events handed to a reader's connection, by edge.", ("edge",)),
    Metric("aurad_events_lagged", "counter", "Times a slow reader was told which events it will not get."),
    Metric("aurad_event_gaps", "counter", "Times a reader asked for events that are gone, and was told so."),
    Metric("aurad_events_missed", "counter", "Events that readers were told they will not get, at most."),
    Metric("aurad_event_delivery_success_ratio", "gauge", "Delivered of delivered and missed; 1: all."),
    Metric("aurad_event_delivery_seconds", "histogram", "From a new event's publication to its reader's connection."),
    Metric("aurad_commit_seconds", "histogram", "The journal's commits, fsync included."),
    Metric("aurad_commit_entries", "counter", "Changes committed; by commits, how many share one."),
    Metric("aurad_log_lines_dropped", "counter", "Lines of jobs' logs that a slow disk cost."),
    Metric("aurad_webhooks", "counter", "Attempts at webhooks, by how they ended.", ("outcome",)),
    Metric("aurad_loop_lag_seconds", "histogram", "How late the event loop wakes a task: what everybody waits."),
    Metric("aurad_loop_tasks", "gauge", "Tasks of the event loop; for a quiet daemon always as many."),
    Metric("aurad_plugins_aside", "gauge", "Plugins put aside for a while as their workers kept dying."),
)  # fmt: skip


async def samples(engine: Engine) -> list[Sample]:
    """Every metric as it is now."""
    rows = await engine.count_jobs()
    return [*_jobs(engine, rows), *_events(engine), *_rest(engine)]


def _jobs(engine: Engine, rows: dict[str, int]) -> Iterator[Sample]:
    work = engine.figures.work
    for status in Status:
        yield Sample("aurad_jobs", (status.value,), rows.get(status.value, 0))
    yield Sample("aurad_queue_depth", (), rows.get(Status.QUEUED.value, 0))
    yield Sample("aurad_tasks_running", (), work.running)
    yield Sample("aurad_tasks_waiting", (), engine.runner.waiting)
    for method, number in work.reused.items():
        yield Sample("aurad_tasks_reused", (method,), number)
    for which, number in work.failed.items():
        yield Sample("aurad_tasks_failed", which, number)
    for which, seconds in work.seconds.items():
        yield Sample("aurad_task_seconds", which, seconds)


def _events(engine: Engine) -> Iterator[Sample]:
    deliveries = engine.figures.deliveries
    yield Sample("aurad_events_published", (), engine.events.hub.published)
    for edge in ("sse", "socket"):
        yield Sample("aurad_event_followers", (edge,), deliveries.followers[edge])
        yield Sample("aurad_events_delivered", (edge,), deliveries.delivered[edge])
    yield Sample("aurad_events_lagged", (), deliveries.lagged)
    yield Sample("aurad_event_gaps", (), deliveries.gaps)
    yield Sample("aurad_events_missed", (), deliveries.missed)
    yield Sample("aurad_event_delivery_success_ratio", (), deliveries.success)
    yield Sample("aurad_event_delivery_seconds", (), deliveries.delay)
    for outcome in ("taken", "put off", "given up"):
        yield Sample("aurad_webhooks", (outcome,), engine.jobs.webhooks.told[outcome])


def _rest(engine: Engine) -> Iterator[Sample]:
    figures = engine.figures
    yield Sample("aurad_build_info", (__version__, engine.boot_id), 1)
    yield Sample("aurad_commit_seconds", (), figures.commits.seconds)
    yield Sample("aurad_commit_entries", (), figures.commits.entries)
    yield Sample("aurad_log_lines_dropped", (), engine.joblogs.lines_dropped)
    yield Sample("aurad_loop_lag_seconds", (), figures.loop)
    yield Sample("aurad_loop_tasks", (), trio.lowlevel.current_statistics().tasks_living)
    yield Sample("aurad_plugins_aside", (), engine.runner.quarantine.count)


async def render(engine: Engine, accept: str = "") -> tuple[bytes, str]:
    """All metrics, and those of the process, in the format that a scraper accepts; the bytes and their type."""
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)  # our own: nothing of other libraries gets in
    registry.register(_Snapshot(await samples(engine)))
    ProcessCollector(pid=os.getpid, registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class Metrics(Result, frozen=True, kw_only=True):
    """Each metric with its samples; a histogram's value has count, sum and buckets."""

    metrics: list[dict[str, Any]]


@operation("system.metrics", Nothing, "read")
async def metrics(call: Call, params: Nothing) -> Metrics:
    """What the daemon counts."""
    found = await samples(call.engine)
    return Metrics(
        metrics=[
            {
                "name": metric.name, "kind": metric.kind, "help": metric.help,
                "samples": [
                    {"labels": dict(zip(metric.labels, each.labels, strict=True)), "value": _plain(each.value)}
                    for each in found if each.name == metric.name
                ],
            }
            for metric in METRICS
        ]
    )  # fmt: skip


def _plain(value: float | Histogram) -> object:
    if not isinstance(value, Histogram):
        return value
    return {"count": value.count, "sum": value.total, "buckets": dict(value.buckets())}


class _Snapshot:
    """What prometheus-client calls a collector."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Family]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        for metric in METRICS:
            found = [sample for sample in self._samples if sample.name == metric.name]
            if metric.kind == "histogram":
                histograms = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
                for _, labels, value in found:
                    assert isinstance(value, Histogram)
                    histograms.add_metric(labels, list(value.buckets()), value.total)
                yield histograms
                continue
            numbers = (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
                metric.name, metric.help, labels=metric.labels
            )
            for _, labels, value in found:
                assert not isinstance(value, Histogram)
                numbers.add_metric(labels, value)
            yield numbers
