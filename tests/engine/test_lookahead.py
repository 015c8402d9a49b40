"""The plan on paper: slots are limited, tasks wait for each other, the lowest order goes first."""

from __future__ import annotations

import pytest

from aurad.engine.cores import ELSEWHERE, PATIENT
from aurad.engine.lookahead import Ahead, time_left

CPU = ("cpu",)


def test_nothing_takes_no_time() -> None:
    assert time_left({}, {}, 1) == 0


@pytest.mark.parametrize(("lanes", "seconds"), [(1, 9), (2, 5), (3, 4)])
def test_lanes_are_shared(lanes: int, seconds: float) -> None:
    tasks = {"a": Ahead(4, CPU), "b": Ahead(2, CPU, order=1), "c": Ahead(3, CPU, order=2)}
    assert time_left(tasks, {"cpu": lanes}, 8) == seconds


def test_a_chain_takes_its_sum_however_many_lanes_there_are() -> None:
    tasks = {"b": Ahead(2, CPU, ("a",)), "a": Ahead(1, CPU), "c": Ahead(4, CPU, ("b", "done long ago"))}
    assert time_left(tasks, {"cpu": 8}, 8) == 7


def test_the_lowest_order_goes_first() -> None:
    tasks = {"first": Ahead(1, CPU), "last": Ahead(5, CPU, order=9), "chain": Ahead(5, CPU, ("first",), order=1)}
    assert time_left(tasks, {"cpu": 1}, 8) == 11
    assert time_left(tasks, {"cpu": 2}, 8) == 6


def test_running_tasks_hold_their_slots_even_more_than_there_are_now() -> None:
    tasks = {"a": Ahead(3, CPU, running=True), "b": Ahead(2, CPU, running=True), "c": Ahead(1, CPU)}
    assert time_left(tasks, {"cpu": 1}, 8) == 4


def test_a_pool_holds_back_its_own_only() -> None:
    tasks = {f"v{i}": Ahead(2, ("cpu", "voice"), order=i) for i in range(3)} | {"s": Ahead(6, CPU, order=9)}
    assert time_left(tasks, {"cpu": 2, "voice": 1}, 8) == 6


def test_a_slot_goes_to_who_waits_before_what_follows_can_ask() -> None:
    tasks = {"a": Ahead(1, CPU), "waiting": Ahead(5, CPU, order=9), "next": Ahead(5, CPU, ("a",))}
    assert time_left(tasks, {"cpu": 1}, 8) == 11
    assert time_left(tasks | {"other": Ahead(2, CPU, order=1)}, {"cpu": 2}, 8) == 7


@pytest.mark.parametrize(("cores", "seconds"), [(1, 9), (2, 5.5), (0.5, 18), (4, 4)])
def test_where_more_run_than_there_are_cores_the_patient_step_back(cores: float, seconds: float) -> None:
    tasks = {"a": Ahead(4, CPU, kind=PATIENT), "b": Ahead(2, CPU, kind=PATIENT), "c": Ahead(3, ("finish",))}
    assert time_left(tasks, {"cpu": 2, "finish": 1}, cores) == pytest.approx(seconds)


def test_who_waits_for_the_network_takes_no_core() -> None:
    tasks = {"a": Ahead(4, CPU)} | {f"n{i}": Ahead(3, ("network",), kind=ELSEWHERE) for i in range(9)}
    assert time_left(tasks, {"cpu": 1, "network": 9}, 1) == 4


def test_a_long_video_is_planned_fast_enough_to_be_planned_again_and_again() -> None:
    tasks = {f"{i}": Ahead(1, CPU, (f"{i - 7}",), order=i) for i in range(1500)}
    assert time_left(tasks, {"cpu": 4}, 8) == pytest.approx(375, abs=3)


def test_one_that_can_use_several_cores_leaves_the_others_little() -> None:
    tasks = {"wide": Ahead(2, ("finish",), cores=4), "a": Ahead(2, CPU, kind=PATIENT)}
    assert time_left(tasks, {"cpu": 2, "finish": 1}, 2) == pytest.approx(2 / 0.9 + 2 - 0.2 * 2 / 0.9)
