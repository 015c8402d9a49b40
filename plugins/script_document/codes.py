"""Code as it is talked about: what it defines or sets, by its own names; never read sign by sign."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from aurad.api import Slide
from aurad_plugins.script_document.blocks import Code
from aurad_plugins.script_document.sentences import Sentence, end_sentence
from aurad_plugins.script_document.units import Speech, Unit
from aurad_plugins.script_document.vocabulary import word_set
from aurad_plugins.script_document.wording import Wording, joined

MOST_LINES = 14  # what can be read on a slide
MOST_COLUMNS = 88
SHELLS = frozenset(("sh", "bash", "shell", "console", "zsh", "shell-session", "powershell", "terminal"))
PROMPT = re.compile(r"^\s*[$>%#]\s+(?=\S)")
DEFINES = re.compile(
    r"^\s*(?:export\s+|default\s+|async\s+|pub\s+|static\s+|public\s+|private\s+)*"
    r"(?:def|class|function|fn|func|struct|interface|enum|trait|type)\s+(?:\([^)]*\)\s*)?(\w+)",
    re.MULTILINE,
)
CALLS = re.compile(r"\b([A-Za-z_]\w{3,})\(")
EVERYDAY = word_set("print open repr list dict tuple range enumerate isinstance assert console return")
SETS = re.compile(r"^\s*[\"']?([A-Za-z][\w.-]*)[\"']?\s*[:=](?![=:])", re.MULTILINE)
LANGUAGES = {
    "pycon": "Python",
    "py": "Python", "python": "Python", "js": "JavaScript", "javascript": "JavaScript", "ts": "TypeScript",
    "typescript": "TypeScript", "rs": "Rust", "rust": "Rust", "go": "Go", "c": "C", "cpp": "C++", "c++": "C++",
    "java": "Java", "rb": "Ruby", "ruby": "Ruby", "toml": "TOML", "yaml": "YAML", "yml": "YAML", "json": "JSON",
    "html": "HTML", "css": "CSS", "sql": "SQL", "ini": "INI", "xml": "XML", "php": "PHP", "kotlin": "Kotlin",
    "swift": "Swift", "lua": "Lua", "r": "R", "dockerfile": "Docker", "makefile": "make",
}  # fmt: skip
DATA = frozenset(("toml", "yaml", "yml", "json", "ini", "env", "properties"))
MOST_NAMES = 3
FEW_WORDS = 7  # a lead-in as short as `Run:` needs the command itself
SPEAKABLE = 6
BRIEF, MOST_JOINED = 10, 40  # words about a piece of code that is gone too soon, and about all on one slide
COMMAND_WORDS = 3
SPOKEN_COMMAND = 5  # words of `The command is ...` with more than one word to say
HANGING = word_set("if when once unless while")
OUTPUT = frozenset(("text", "txt", "plain", "plaintext", "output", "none"))


def code_unit(code: Code, lead: Sentence | None, title: str, wording: Wording) -> Unit | None:
    """The code on a slide, with its lead-in, or failing that a sentence about what is in it."""
    if not code.text.strip():
        return None
    speech = Speech()
    if lead:
        speech.lead(lead)
    told = describe(code, title)
    is_short = lead is not None and len(lead.words) < FEW_WORDS and "example" not in lead.text and told[:4] != "Here"
    if lead is None or hangs(lead) or is_short:
        if is_short and told.startswith("The command") and len(told.split()) < SPOKEN_COMMAND:
            told = ""  # the lead-in has named it
        command = re.sub(r"^The command is:? ", "", told)
        if lead and told and command == told:
            speech.words[-1] = end_sentence(speech.words[-1])  # one colon is enough
        if told:
            speech.say(wording.sentence(command if lead else told))
    language = code.language.lower()
    note = LANGUAGES.get(language, "Shell" if language in SHELLS else "" if language in OUTPUT else code.language)
    lines = code.text.strip("\n").count("\n") + 1
    if lines > MOST_LINES + 1:
        note = f"{note}, {MOST_LINES} of {lines} lines".removeprefix(", ")
    return speech.unit(Slide(kind="code", body=shown(code.text), note=note))


def hangs(lead: Sentence) -> bool:
    """Whether the lead-in is half a sentence: `If that is what you want:`."""
    return lead.words[0].lower() in HANGING and not any(word.endswith(",") for word in lead.words)


def join_codes(units: Sequence[Unit]) -> list[Unit]:
    """Short commands right after one another share a slide."""
    joined_units: list[Unit] = []
    for unit in units:
        last = joined_units[-1] if joined_units else None
        if last and last.slide and unit.slide and goes_with(last, unit):
            body = f"{last.slide.body}\n\n{unit.slide.body}"
            spoken, written = last.spoken + unit.spoken, last.written | unit.written
            joined_units[-1] = replace(last, spoken=spoken, written=written, slide=replace(last.slide, body=body))
        else:
            joined_units.append(unit)
    return joined_units


def goes_with(last: Unit, unit: Unit) -> bool:
    one, two = last.slide, unit.slide
    if one is None or two is None or one.kind != "code" or two.kind != "code" or one.note != two.note:
        return False
    lines = one.body.count("\n") + two.body.count("\n") + 3
    sizes = len(last.spoken), len(unit.spoken)
    return lines <= MOST_LINES and 0 < min(sizes) <= BRIEF and 0 < sum(sizes) <= MOST_JOINED


def describe(code: Code, title: str) -> str:
    """What is in the code; of an example without prose what it is for and what it calls."""
    language = code.language.lower()
    name = LANGUAGES.get(language, "")
    lines = [line for line in code.text.split("\n") if line.strip()]
    if language in SHELLS or (not language and len(lines) == 1):
        return describe_command(lines)
    if language not in DATA and (names := unique(DEFINES.findall(code.text))):
        return f"The {name or 'example'} code defines {joined(names)}".replace("The example code", "The code")
    if language in DATA and (names := unique(SETS.findall(code.text))):
        return f"The {name or 'example'} sets {joined(names)}"
    if names := unique([word for word in CALLS.findall(code.text) if word.lower() not in EVERYDAY]):
        about = f"{title}: an example" if title else "An example"
        return f"{about}{f' in {name}' if name else ''}, with {joined(names)}"
    return f"Here is an example in {name}" if name else "Here is an example"


def is_command(code: Code) -> bool:
    """A single command that can be read out, such as `pip install aurad`."""
    lines = [line for line in code.text.split("\n") if line.strip()]
    words = PROMPT.sub("", lines[0]).split() if len(lines) == 1 else []
    return 0 < len(words) <= SPEAKABLE and all(re.fullmatch(r"[\w.-]+", word) for word in words)


def describe_command(lines: list[str]) -> str:
    """Commands that can be spoken are; of others the programs are named."""
    commands = [PROMPT.sub("", line).strip() for line in lines if not line.lstrip().startswith("# ")]
    if not commands:
        return "Here is an example"
    words = commands[0].split()
    if len(commands) == 1 and len(words) <= SPEAKABLE and all(re.fullmatch(r"[\w.-]+", word) for word in words):
        return f"The command is: {' '.join(words)}"
    names = unique([name for command in commands if (name := spoken_command(command))])
    if not names:
        return "Here is the command" if len(commands) == 1 else "Here are the commands"
    return f"The command is {names[0]}" if len(names) == 1 else f"The commands are {joined(names)}"


def spoken_command(command: str) -> str:
    """`git bisect start` of `git bisect start --term-old=slow`."""
    kept: list[str] = []
    for word in command.split()[:COMMAND_WORDS]:
        if not re.fullmatch(r"[A-Za-z][\w-]*", word):
            break
        kept.append(word)
    return " ".join(kept)


def unique(names: list[str]) -> list[str]:
    """The first few names, each once."""
    return list(dict.fromkeys(name for name in names if len(name) < 40))[:MOST_NAMES]


def shown(text: str) -> str:
    """What fits on a slide; what is left out is marked, and a single line is not, since its mark takes as much."""
    lines = text.expandtabs(4).rstrip().split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    most = MOST_LINES + (len(lines) == MOST_LINES + 1)
    kept = [line if len(line) <= MOST_COLUMNS else line[: MOST_COLUMNS - 1] + "…" for line in lines[:most]]
    return "\n".join([*kept, "…"] if len(lines) > most else kept)
