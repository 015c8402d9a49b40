"""Code as it is talked about: what it defines or sets, by its own names; never read sign by sign."""

from __future__ import annotations

import re

from aurad.api import Slide
from aurad_plugins.script_document.blocks import Code
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.units import Speech, Unit
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
SETS = re.compile(r"^\s*[\"']?([A-Za-z][\w.-]*)[\"']?\s*[:=](?![=:])", re.MULTILINE)
LANGUAGES = {
    "py": "Python", "python": "Python", "js": "JavaScript", "javascript": "JavaScript", "ts": "TypeScript",
    "typescript": "TypeScript", "rs": "Rust", "rust": "Rust", "go": "Go", "c": "C", "cpp": "C++", "c++": "C++",
    "java": "Java", "rb": "Ruby", "ruby": "Ruby", "toml": "TOML", "yaml": "YAML", "yml": "YAML", "json": "JSON",
    "html": "HTML", "css": "CSS", "sql": "SQL", "ini": "INI", "xml": "XML", "php": "PHP", "kotlin": "Kotlin",
    "swift": "Swift", "lua": "Lua", "r": "R", "dockerfile": "Docker", "makefile": "make",
}  # fmt: skip
DATA = frozenset(("toml", "yaml", "yml", "json", "ini", "env", "properties"))
MOST_NAMES = 3
FEW_WORDS = 4  # a lead-in as short as `Run:` needs the command itself
SPEAKABLE = 6


def code_unit(code: Code, lead: Sentence | None, title: str, wording: Wording) -> Unit | None:
    """The code on a slide, with its lead-in, or failing that a sentence about what is in it."""
    if not code.text.strip():
        return None
    speech = Speech()
    if lead:
        speech.lead(lead)
    if lead is None or len(lead.words) < FEW_WORDS:
        speech.say(wording.sentence(describe(code)))
    language = code.language.lower()
    note = LANGUAGES.get(language, "Shell" if language in SHELLS else code.language)
    lines = code.text.strip("\n").count("\n") + 1
    if lines > MOST_LINES:
        note = f"{note}, {MOST_LINES} of {lines} lines".removeprefix(", ")
    return speech.unit(Slide(kind="code", body=shown(code.text), note=note))


def describe(code: Code) -> str:
    language = code.language.lower()
    name = LANGUAGES.get(language, "")
    lines = [line for line in code.text.split("\n") if line.strip()]
    if language in SHELLS or (not language and len(lines) == 1):
        return describe_command(lines)
    if language not in DATA and (names := unique(DEFINES.findall(code.text))):
        return f"The {name or 'example'} code defines {joined(names)}".replace("The example code", "The code")
    if language in DATA and (names := unique(SETS.findall(code.text))):
        return f"The {name or 'example'} sets {joined(names)}"
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
    programs = unique([command.split()[0] for command in commands if re.match(r"[\w.-]+(?:\s|$)", command)])
    return (
        f"The commands use {joined(programs)}"
        if len(commands) > 1 and programs
        else (f"The command is {programs[0]}" if programs else "Here is the command")
    )


def unique(names: list[str]) -> list[str]:
    """The first few names, each once."""
    return list(dict.fromkeys(name for name in names if len(name) < 40))[:MOST_NAMES]


def shown(text: str) -> str:
    """What fits on a slide; what is left out is marked."""
    lines = text.expandtabs(4).rstrip().split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    kept = [line if len(line) <= MOST_COLUMNS else line[: MOST_COLUMNS - 1] + "…" for line in lines[:MOST_LINES]]
    return "\n".join([*kept, "…"] if len(lines) > MOST_LINES else kept)
