"""Front matter: the few settings at a document's head that describe it. Anything else does nothing, and is told.

A document must not steer the machine, so only what ends as text in the video's metadata is taken, and how
its own words are said.
"""

from __future__ import annotations

import difflib
import re
import tomllib

YAML = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
PAIR = re.compile(r"^([A-Za-z_][\w-]*):[ \t]*(.*)$")
ENTRY = re.compile(r"^[ \t]*-[ \t]+(.+)$")
INLINE_PAIR = re.compile(r"^(?P<key>\S+?)\s*[:=]\s*(?P<value>.+)$")
PRONOUNCE = "pronounce"  # the one setting that is a table
KNOWN = ("title", "description", "tags", "keywords", PRONOUNCE)
FOREIGN = frozenset(  # what makers of web sites write there for themselves: nobody expects it to do anything here
    (
        "aliases", "author", "authors", "categories", "category", "comments", "cover", "date", "draft", "id", "image",
        "lastmod", "layout", "permalink", "published", "slug", "template", "toc", "type", "updated", "weight",
    )
)  # fmt: skip
NAMED, LONGEST_KEY = 5, 40  # unknown settings that a warning names, and characters of each
MOST_PRONOUNCED = 500
LONGEST_WORD, LONGEST_SAID = 60, 120  # characters, as the script allows
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
        elif key == PRONOUNCE:
            settings[key].append(line.strip())
    return settings


def parse_toml(text: str) -> Settings | None:
    """The strings and lists of strings at the top level."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    return {key.lower(): toml_values(key.lower(), value) for key, value in table.items()}


def toml_values(key: str, value: object) -> list[str]:
    """Of a table nothing is taken, unless it is that of words and how they are said."""
    if isinstance(value, dict):
        return [f"{word}: {said}" for word, said in value.items()] if key == PRONOUNCE else []
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def split_values(text: str) -> list[str]:
    text = text.strip()
    if text[:1] + text[-1:] in ("[]", "{}"):
        return [unquote(part) for part in text[1:-1].split(",") if part.strip()]
    return [unquote(text)] if text and text not in ("|", ">", "|-", ">-") else []


def unquote(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def unknown(settings: Settings) -> str:
    """What to tell about settings that do nothing; empty if there are none."""
    found = [key for key in settings if key not in KNOWN and key not in FOREIGN]
    if not found:
        return ""
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    named = ", ".join(map(suggested, found[:NAMED]))
    return f"cannot use {named}{more} of the front matter: what is known there is {', '.join(KNOWN)}"


def suggested(key: str) -> str:
    close = difflib.get_close_matches(key[:LONGEST_KEY], KNOWN, n=1)
    return f"{key[:LONGEST_KEY]!r}" + (f" (did you mean {close[0]!r}?)" if close else "")


def one(settings: Settings, name: str) -> str:
    """A setting that is a single text, or nothing."""
    return " ".join(settings.get(name, ())[:1])[:LIMIT]


def tags(settings: Settings) -> tuple[str, ...]:
    values = settings.get("tags") or settings.get("keywords") or []
    if len(values) == 1:
        values = values[0].split(",")
    return tuple(value.strip()[:40] for value in values if value.strip())[:MOST_TAGS]


def pronounce(settings: Settings) -> dict[str, str]:
    """`word: how it is said`; what is no such pair is left out."""
    pairs = [match for line in settings.get(PRONOUNCE, ()) if (match := INLINE_PAIR.match(line))]
    found = {unquote(match["key"]): unquote(match["value"]) for match in pairs[:MOST_PRONOUNCED]}
    return {word: said for word, said in found.items() if 0 < len(word) <= LONGEST_WORD and is_said(said)}


def is_said(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST_SAID
