"""What can honestly be said about a bare topic: its name, and the questions that a full video would answer."""

from __future__ import annotations

from aurad.api import Item, Scene, Script, Slide
from aurad_plugins.script_document.sentences import Sentence, make_sentence

CODE = "outline-only"
DETAIL = (
    "only a topic was given, so the video is an outline of open questions;"
    " give a document as source, or set up a language model as script provider"
)
# Each asks for something; none claims anything about the topic.
QUESTIONS = (
    (
        "The basics",
        ("What is it, in one sentence?", "Where does it come from?", "Which words does a newcomer need?"),
    ),
    (
        "How it works",
        ("Which parts does it have?", "How do they depend on each other?", "Which example shows it best?"),
    ),
    (
        "Why it matters",
        ("Who is affected by it?", "What would change without it?", "Which numbers show its size?"),
    ),
    (
        "What stays open",
        ("What is disputed, and by whom?", "What is not known yet?", "Where can one read on?"),
    ),
)
LEADS = (
    "A full video would begin with the basics.",
    "Then it would show how it works.",
    "It would say why it matters.",
    "And it would name what stays open.",
)


def outline(topic: str, language: str, audience: str, goal: str) -> Script:
    """A short outline video that claims nothing about the topic."""
    name = make_sentence(" ".join(topic.split()).rstrip(" .!?;:,"))
    scenes = [title_scene(name.text or topic, name, audience, goal)]
    scenes += [question_scene(name.text, number) for number in range(len(QUESTIONS))]
    text = "With a source text, each of these questions can become a scene."
    scenes.append(Scene(text=text, slide=Slide(kind="closing", heading=name.text, body="A source text answers them")))
    return Script(
        title=(name.text or topic)[:1].upper() + (name.text or topic)[1:],
        language=language,
        description=f"An outline: the questions that a video about {name.text or topic} would answer.",
        scenes=tuple(scenes),
    )


def title_scene(title: str, name: Sentence, audience: str, goal: str) -> Scene:
    said = " ".join(name.spoken) or "This topic"
    text = f"{said[:1].upper()}{said[1:]}. This is an outline: the questions that a full video would answer."
    heading = title[:1].upper() + title[1:]
    note = f"For {audience}" if audience else goal
    return Scene(
        text=text,
        written=name.written,
        chapter=heading,
        slide=Slide(
            kind="title", kicker="Outline", heading=heading, body="Questions a full video would answer", note=note
        ),
    )


def question_scene(topic: str, number: int) -> Scene:
    heading, questions = QUESTIONS[number]
    words = LEADS[number].split()
    items = []
    for question in questions:
        items.append(Item(text=question, at=len(words)))
        words += question.split()
    slide = Slide(kind="bullets", kicker=topic, heading=heading, items=tuple(items))
    return Scene(text=" ".join(words), chapter=heading, slide=slide)
