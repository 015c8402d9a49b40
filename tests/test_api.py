"""The public names for plugins. Adding one is a promise; taking one away breaks somebody."""

from importlib.resources import files

import aurad.api

EXPORTED = """
Animation Artifact AuradError BadInput Brief BriefAsset Canvas Chapter Clip Credit Cue Deliverable Deliverables
Encode FinishRequest Finisher Item Layer Maker Motion Narration Picture Placed PlanRequest Probe Profile ProfileRequest
Provenance RateLimited Refused RenderStage Sample SampleRequest Scene Script ScriptRequest ScriptStage Seen Segment
SegmentRequest Slide Speech Stage StageContext StageError Still TextBox ToolResult Transient Unavailable Value View
Visual VisualRequest VisualsStage VoiceRequest VoiceStage WORDS_PER_MINUTE Word hookimpl respelled
"""


def test_the_exported_names_are_these() -> None:
    assert sorted(name for name in vars(aurad.api) if not name.startswith("_")) == EXPORTED.split()


def test_the_type_checker_of_whoever_uses_us_sees_our_types() -> None:
    """Without the mark it takes all that an installed package gives for `Any`."""
    assert files("aurad").joinpath("py.typed").is_file()
