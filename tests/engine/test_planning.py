"""What a job would come to: told as a job that runs would tell it, only of what is needed, and nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurad.engine.planning import Planner
from aurad.model.errors import AuradError
from aurad.model.plan import Plan
from aurad.model.settings import Defaults
from tests.engine.house import ME, TALE, House, open_house

SCRIPT = {"title": "Bees", "scenes": [{"text": "Bees see colours."}]}
LONG = " ".join(f"Bees see colour number {n}." for n in range(100))


async def plan(house: House, text: str = TALE, *, lanes: int = 0, **settings: Any) -> Plan:
    brief = settings.pop("brief", {"source": text})
    own = house.engine.planner
    planner = Planner(own._admission, own._catalog, own._costs, lanes=lanes) if lanes else own
    return await planner.plan({"brief": brief, "settings": settings}, ME)


@pytest.mark.parametrize(
    ("until", "kinds"),
    [
        ("Script", ["script"]),
        ("Voice", ["script", "voice"]),
        ("Visuals", ["script", "voice", "visuals"]),
        (None, ["script", "voice", "visuals", "render", "finish"]),
    ],
)
async def test_only_stages_that_are_needed_are_told(tmp_path: Path, until: str | None, kinds: list[str]) -> None:
    async with open_house(tmp_path) as house:
        assert list((await plan(house, until=until)).providers) == kinds
        given = await plan(house, until=until, brief={"script": SCRIPT})
        assert list(given.providers) == kinds[1:]  # nobody writes what is given


async def test_what_ends_early_takes_less(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        plans = [await plan(house, LONG, until=until) for until in ("Script", "Voice", "Visuals", None)]
    seconds, disk = [one.seconds for one in plans], [one.disk_bytes for one in plans]
    assert seconds == sorted(set(seconds))
    assert disk == sorted(disk)
    assert disk[0] == 0


async def test_what_waits_for_another_is_no_faster_with_more_cores(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        one, many = [(await plan(house, brief={"script": SCRIPT}, lanes=lanes)).seconds for lanes in (1, 64)]
        assert many > one / 3
        one, many = [(await plan(house, LONG, lanes=lanes)).seconds for lanes in (1, 64)]
        assert many < one / 3


async def test_cards_are_scenes_too(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        bare, with_card = await plan(house), await plan(house, introCard="Bees", cardSeconds=5)
    assert with_card.scenes == bare.scenes + 1
    assert with_card.video_seconds == pytest.approx(bare.video_seconds + 5, abs=0.2)


async def test_a_logo_of_the_settings_is_looked_at_and_not_kept(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"a logo")
    async with open_house(tmp_path / "h", defaults=Defaults(logo=str(logo))) as house:
        await plan(house)
        params, admission, store = {"brief": {"source": TALE}}, house.engine.planner._admission, house.engine.store
        (seen,) = (await admission.admit(params, ME, keep=False))[1].brief.assets
        assert not store.has(seen.artifact.sha256, 6)
        assert (await admission.admit(params, ME))[1].brief.assets == (seen,)
        assert store.has(seen.artifact.sha256, 6)
        logo.unlink()
        with pytest.raises(AuradError, match="cannot read the logo"):
            await plan(house)
