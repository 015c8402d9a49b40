"""Front matter: the few settings at a document's head that describe it. Anything else is ignored.

A document must not steer the machine, so only what ends as text in the video's metadata is taken.
"""

from __future__ import annotations

import re
import tomllib

YAML = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
PAIR = re.compile(r"^([A-Za-z_-]+):[ \t]*(.*)$")
ENTRY = re.compile(r"^[ \t]*-[ \t]+(.+)$")
LIMIT = 300  # characters of one setting; more is not a title or a description
MOST_TAGS = 15

Settings = dict[str, list[str]]


def split_front_matter(source: str) -> tuple[Settings, str]:
    """The settings by lower-case name, and the document below them."""
    for pattern, parse in ((YAML, parse_yaml), (TOML, parse_toml)):
        if match := pattern.match(source):
            settings = parse(match[1])
            if settings is not None:
                return settings, source[match.end() :]
    return {}, source


def parse_yaml(text: str) -> Settings | None:
    """`key: value`, `key: [a, b]` and `key:` over `- a` lines; None if it looks like prose between rules."""
    settings: Settings = {}
    key = ""
    for line in text.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if pair := PAIR.match(line):
            key = pair[1].lower()
            settings[key] = split_values(pair[2])
        elif key and (entry := ENTRY.match(line)):
            settings[key].append(unquote(entry[1]))
        elif not key or not line.startswith((" ", "\t")):
            return None
    return settings


def parse_toml(text: str) -> Settings | None:
    """The strings and lists of strings at the top level."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    return {
        key.lower(): [str(part) for part in value] if isinstance(value, list) else [str(value)]
        for key, value in table.items()
        if not isinstance(value, dict)
    }


def split_values(text: str) -> list[str]:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return [unquote(part) for part in text[1:-1].split(",") if part.strip()]
    return [unquote(text)] if text and text not in ("|", ">", "|-", ">-") else []


def unquote(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def one(settings: Settings, name: str) -> str:
    """A setting that is a single text, or nothing."""
    return " ".join(settings.get(name, ())[:1])[:LIMIT]


def tags(settings: Settings) -> tuple[str, ...]:
    values = settings.get("tags") or settings.get("keywords") or []
    if len(values) == 1:
        values = values[0].split(",")
    return tuple(value.strip()[:40] for value in values if value.strip())[:MOST_TAGS]
