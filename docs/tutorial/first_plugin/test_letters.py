"""Run with pytest, pytest-trio and `trio_mode = true`."""

from pathlib import Path

from aurad_letters import Letters
from PIL import Image

from aurad.api import Canvas, Scene, Slide, VisualRequest
from aurad.testing import check_answer, run_stage


async def test_the_heading_is_drawn(tmp_path: Path) -> None:
    scene = Scene(text="Bees see ultraviolet.", slide=Slide(heading="Ultraviolet"))
    request = VisualRequest(scene=scene, language="en", canvas=Canvas(width=640, height=360), theme="")
    ran = await run_stage(Letters, "draw", request, workspace=tmp_path, options={"background": "#000000"})
    check_answer(request, ran)
    with Image.open(ran.path(ran.output.poster)) as picture:
        assert picture.size == (640, 360)
        assert picture.getpixel((5, 5)) == (0, 0, 0)
        assert picture.convert("L").getextrema() == (0, 255)
