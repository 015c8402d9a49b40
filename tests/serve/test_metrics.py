"""What the daemon counts, as a scraper reads it: every metric is there, true, and names no job."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from aurad import __version__
from aurad.api import Transient
from aurad.engine import attempts
from aurad.engine.figures import Deliveries, Figures, Histogram, Work
from aurad.engine.hub import Published
from aurad.serve.metrics import METRICS, metrics, render, samples
from aurad.serve.operations import Call, Nothing
from tests.engine.house import House, open_house
from tests.engine.toys import Scripted
from tests.serve.edge import open_edge, somebody
from tests.serve.site import open_site

PATIENCE = 10


async def scrape(house: House) -> dict[str, Any]:
    """Samples by name and label values."""
    text, content_type = await render(house.engine)
    assert content_type.startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(text.decode())
    return {
        " ".join([s.name, *(s.labels[name] for name in sorted(s.labels))]): s.value
        for family in families
        for s in family.samples
    }


async def test_work_is_counted_and_reuse_too(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence. Another.")
        await house.make("One sentence. Another.")
        found = await scrape(house)
        text, _ = await render(house.engine)
    assert found["aurad_jobs Succeeded"] == 2
    assert (found["aurad_jobs Running"], found["aurad_queue_depth"], found["aurad_tasks_running"]) == (0, 0, 0)
    assert found["aurad_task_seconds_count speak tone"] == 2
    assert found["aurad_task_seconds_bucket +Inf speak tone"] == 2
    assert found["aurad_tasks_reused_total speak"] == 2
    assert found["aurad_events_published_total"] == house.engine.events.hub.last
    assert found["aurad_commit_seconds_count"] > 0
    assert found["aurad_commit_entries_total"] >= found["aurad_commit_seconds_count"]
    assert found["process_open_fds"] > 0
    assert found[f"aurad_build_info {house.engine.boot_id} {__version__}"] == 1
    assert view.job_id not in text.decode()


async def test_every_metric_of_the_table_is_there_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSE", 0.01)
    monkeypatch.setattr(Scripted, "plan", [Transient("cannot: not now")])
    async with open_house(tmp_path, voice=("scripted",)) as house:
        await house.make("One sentence.")
        await house.make("One sentence.")
        found = await samples(house.engine)
        text, _ = await render(house.engine)
    assert {sample.name for sample in found} == {metric.name for metric in METRICS}
    labels = {metric.name: len(metric.labels) for metric in METRICS}
    assert [sample for sample in found if len(sample.labels) != labels[sample.name]] == []
    assert [metric.name for metric in METRICS if f"# HELP {metric.name}" not in text.decode()] == []
    assert 'aurad_tasks_failed_total{method="speak",stage="scripted"} 1.0' in text.decode()


async def test_a_scraper_may_ask_for_open_metrics(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        text, content_type = await render(house.engine, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


async def test_the_control_socket_gives_them_as_json(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await edge.house.make("One sentence.")
        found = {each["name"]: each for each in (await wire.ask("system.metrics"))["result"]["metrics"]}
    assert {"labels": {"status": "Succeeded"}, "value": 1} in found["aurad_jobs"]["samples"]
    (speak,) = [s for s in found["aurad_task_seconds"]["samples"] if s["labels"]["method"] == "speak"]
    assert (speak["value"]["count"], speak["value"]["buckets"]["+Inf"]) == (1, 1)


async def test_deliveries_over_the_socket_are_counted(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.ask("events.subscribe", types=["job-status"])
        job = await edge.house.submit("One sentence.")
        heard = [await wire.hear() for _ in range(2)]
        assert [one["params"]["event"]["jobId"] for one in heard] == [job, job]
        await edge.house.engine.jobs.wait(job)
        deliveries = edge.house.engine.figures.deliveries
        assert (deliveries.followers["socket"], deliveries.delivered["socket"]) == (1, 2)
        assert deliveries.delay.count == 2
        assert 0 < deliveries.delay.total < PATIENCE
        found = await metrics(Call(edge.house.engine, somebody("read"), [], []), Nothing())
        (success,) = [m for m in found.metrics if m["name"] == "aurad_event_delivery_success_ratio"]
        assert success["samples"] == [{"labels": {}, "value": 1.0}]


async def test_what_is_sent_to_nobody_is_not_delivered(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        events, deliveries = site.house.engine.events, site.house.engine.figures.deliveries
        async with site.follow("/api/events") as wire:
            await site.wait_waiting(1)
            wire.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.stream.socket.close()  # without a word
            events.hub.publish(published(1, ago=0))
            events.hub.deliver()
        assert deliveries.delivered["sse"] == 0


def test_a_histogram_counts_each_value_below_its_bound() -> None:
    histogram = Histogram((1.0, 2.0))
    for value, times in ((0.5, 1), (1.0, 1), (1.5, 3), (9.0, 1)):
        histogram.observe(value, times)
    assert list(histogram.buckets()) == [("1.0", 2), ("2.0", 5), ("+Inf", 6)]
    assert (histogram.count, histogram.total) == (6, 15.0)


async def test_history_is_delivered_but_is_no_delay(tmp_path: Path) -> None:
    """An hour-old event that is told again did not take an hour to be delivered."""
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        view = await edge.house.make("One sentence.")
        await wire.ask("events.subscribe", jobs=[view.job_id], after="earliest")
        while (await wire.hear())["method"] != "events.ended":
            pass
        deliveries = edge.house.engine.figures.deliveries
        assert deliveries.delivered["socket"] > 0
        assert deliveries.delay.count == 0


def test_of_events_of_both_kinds_the_delay_is_that_of_the_news() -> None:
    deliveries = Deliveries()
    deliveries.sent("sse", [published(1, ago=3600), published(2, ago=3600), published(3, ago=0)], 2)
    assert (deliveries.delivered["sse"], deliveries.delay.count) == (3, 1)
    assert deliveries.delay.total < PATIENCE


def published(seq: int, *, ago: float | None = None) -> Published:
    """An event out of the journal, or one that was published some seconds ago."""
    return Published(seq, "a-job", "warning", b"{}", at=0.0 if ago is None else time.perf_counter() - ago)


def test_success_is_the_share_that_was_delivered() -> None:
    deliveries = Deliveries()
    assert deliveries.success == 1.0
    deliveries.sent("sse", [published(seq) for seq in range(1, 7)], 0)
    deliveries.skipped(1)
    deliveries.gap(10, 12)
    deliveries.gap("of another journal", 5)
    assert (deliveries.missed, deliveries.lagged, deliveries.gaps, deliveries.success) == (2, 1, 2, 0.75)


async def test_a_cancelled_attempt_is_no_failure() -> None:
    work = Work()
    with trio.CancelScope() as scope, work.running_task("tone", "speak"):
        scope.cancel()
        await trio.sleep_forever()
    assert (work.running, work.failed.total(), work.seconds) == (0, 0, {})


async def test_the_loops_lag_is_measured(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    figures = Figures(Work(), None)  # type: ignore[arg-type]
    nursery.start_soon(figures.watch_loop)
    await trio.sleep(10.5)
    assert figures.loop.count == 10
    autojump_clock.jump(5)
    await trio.sleep(0.1)
    assert figures.loop.total > 4
    nursery.cancel_scope.cancel()
