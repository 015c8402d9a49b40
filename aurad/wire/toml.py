"""Settings and presets as TOML: bytes, environment and flags <-> values, each knowing where it came from.

`python -m aurad.wire.toml` prints the commented file of all defaults. Reads no files itself.
"""

from __future__ import annotations

import difflib
import json
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import inspect

from aurad.model.errors import AuradError
from aurad.model.recipe import Preset
from aurad.model.settings import Section, Settings
from aurad.model.shapes import in_words, words_of

PREFIX = "AURAD_"
DEFAULT = "default"
WIDTH = 100  # columns of generated comments
PLUGINS = "plugins"  # the one section whose keys belong to others: plugins.<name>.<option>
HEADER = """\
# aurad: every setting with its default. Generated from aurad/model/settings.py; do not edit this copy.
# A copy of it is /etc/aurad/aurad.toml for the service, ~/.config/aurad/aurad.toml for a user. Then follow the
# files aurad.d/*.toml beside it, the environment (AURAD_HTTP__BIND sets http.bind; lists as a,b) and flags.
# Whatever is left out has its default: keep only what you change.
"""
PLUGINS_COMMENT = """\
# Options of plugins, one table for each, checked against the plugin's own list: see `auractl plugins`.
# [plugins.NAME]
# option = "value"
[plugins]
"""
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
DROP_IN_HEADER = "# Written by `auractl config set`; your own settings belong into aurad.toml.\n"


class Field(NamedTuple):
    """What is known of one setting."""

    key: str
    annotation: Any
    default: object
    doc: str
    allowed: str
    text: bool


class Entry(NamedTuple):
    """A setting that somebody gave, and where: `file:line`, a variable or a flag."""

    key: str
    value: object
    origin: str


class Loaded(NamedTuple):
    """The settings in force; `origins` has every key, those nobody gave with `default`."""

    settings: Settings
    origins: dict[str, str]


# ---------------------------------------------------------------- sources


def entries_of(data: bytes, name: str) -> list[Entry]:
    """The settings of one TOML file; `name` is how errors and origins call it."""
    text, document = _document(data, name)
    lines = _lines_of(text)
    return [
        Entry(".".join(path), value, f"{name}:{lines[path]}" if path in lines else name)
        for path, value in _leaves(document)
    ]


def entries_of_environment(environ: Mapping[str, str]) -> list[Entry]:
    """`AURAD_HTTP__BIND=...` sets `http.bind`; a variable without a double underscore is none of ours.

    Raises E503 if it would be with one: whoever set it believes that it counts.
    """
    found = []
    for name, raw in sorted(environ.items()):
        if meant := _variables().get(name):
            raise _wrong(
                Entry(name, raw, "environment"), "a section and its key are parted by two underscores",
                f"Did you mean {meant}?",
            )  # fmt: skip
        if name.startswith(PREFIX) and "__" in name:
            key = ".".join(name.removeprefix(PREFIX).lower().split("__"))
            found.append(Entry(key, typed(key, raw), f"environment {name}"))
    return found


def entries_of_flags(flags: Mapping[str, str]) -> list[Entry]:
    """`--set http.bind=...` and the like, by key."""
    return [Entry(key, typed(key, raw), "command line") for key, raw in flags.items()]


def typed(key: str, raw: str) -> object:
    """What `raw` means for this setting: lists as JSON or `a,b`, numbers and booleans in words."""
    field = catalogue().get(key)
    if field is None:
        return _json_or(raw, raw) if key.startswith(f"{PLUGINS}.") else raw
    if field.text:
        return raw
    if isinstance(field.default, bool):
        return BOOLEANS.get(raw.lower(), raw)
    if isinstance(field.default, tuple):
        return _json_or(raw, [part.strip() for part in raw.split(",")]) if raw else []
    return _json_or(raw, raw)


# ---------------------------------------------------------------- merging


def merge(entries: Iterable[Entry]) -> Loaded:
    """Defaults with all entries laid over them, later ones win. E503 names the first that cannot be used."""
    values: dict[str, object] = {key: field.default for key, field in catalogue().items()}
    origins = dict.fromkeys(values, DEFAULT)
    for entry in entries:
        values[entry.key], origins[entry.key] = check(entry), entry.origin
    nested: dict[str, Any] = {}
    for key, value in values.items():
        *tables, last = key.split(".", 2)
        table = nested
        for part in tables:
            table = table.setdefault(part, {})
        table[last] = value
    return Loaded(msgspec.convert(nested, Settings), origins)


def check(entry: Entry) -> object:
    """The entry's value as its setting's type; E503-CONFIG if there is no such setting or the value is wrong."""
    section, _, rest = entry.key.partition(".")
    if section == PLUGINS and "." in rest:
        return entry.value
    field = catalogue().get(entry.key)
    if field is None:
        raise _unknown(entry)
    try:
        value: object = msgspec.convert(entry.value, field.annotation)
    except msgspec.ValidationError as error:
        raise _wrong(entry, in_words(error).split(" - at")[0], f"Allowed: {field.allowed}.") from None
    return value


def with_value(old: bytes, name: str, key: str, value: object) -> bytes:
    """The drop-in `old` with one setting changed (None: left to the others again), after checking it.

    A setting of aurad's own may be given as text, as in the environment.
    """
    import tomli_w  # only `config set` writes

    merge(entries_of(old, name))
    document = _document(old, name)[1]
    value = typed(key, value) if isinstance(value, str) and key in catalogue() else value
    entry = Entry(key, value, name)
    if value is not None or key not in catalogue():
        check(entry)
    *tables, last = key.split(".", 2)
    table = document
    for part in tables:
        table = table.setdefault(part, {})
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value
    try:
        return (DROP_IN_HEADER + tomli_w.dumps(document)).encode()
    except (TypeError, ValueError) as error:
        raise _wrong(entry, f"TOML cannot hold it ({error})", "Give a value without null.") from None


def preset_of(data: bytes, name: str) -> Preset:
    """A preset's file as a value; E503-CONFIG names a key or value that cannot be used."""
    text, document = _document(data, name)
    lines = _lines_of(text)
    hints = get_type_hints(Preset, include_extras=True)
    for key, value in document.items():
        line = lines.get((key,), lines.get(next(((p for p in lines if p[0] == key)), ()), 0))
        entry = Entry(key, value, f"{name}:{line}")
        if key not in hints:
            raise _unknown(entry, hints)
        try:
            msgspec.convert(value, hints[key])
        except msgspec.ValidationError as error:
            raise _wrong(entry, in_words(error), "See the presets that came with aurad.") from None
    return msgspec.convert(document, Preset)


# ---------------------------------------------------------------- what there is


@cache
def catalogue() -> dict[str, Field]:
    """Every setting by its dotted key, in the file's order; plugins' options are not among them."""
    defaults = Settings()
    found = {}
    for section in _sections():
        values = getattr(defaults, section)
        hints = get_type_hints(type(values), include_extras=True)
        for name, hint in hints.items():
            if name in values.__struct_fields__:
                field = _field(f"{section}.{name}", hint, getattr(values, name))
                found[field.key] = field
    return found


@cache
def _variables() -> dict[str, str]:
    """The variable of every setting, by its likely misspelling."""
    return {PREFIX + key.upper().replace(".", "_"): PREFIX + key.upper().replace(".", "__") for key in catalogue()}


def default_text() -> str:
    """`config/aurad.toml`: every setting, its default, what it means and what is allowed."""
    parts = [HEADER]
    hints = get_type_hints(Settings, include_extras=True)
    for section in _sections():
        table: Section = getattr(Settings(), section)
        doc = _description(hints[section]) or (type(table).__doc__ or "")
        keys = [field for key, field in catalogue().items() if key.startswith(f"{section}.")]
        parts.append(_comment(doc) + f"[{section}]\n" + "".join(map(_commented, keys)))
    return "\n".join([*parts, PLUGINS_COMMENT])


def _sections() -> list[str]:
    return [name for name in Settings.__struct_fields__ if name != PLUGINS]


def _field(key: str, annotation: Any, default: object) -> Field:
    kind = inspect.type_info(annotation)
    bare = kind.type if isinstance(kind, inspect.Metadata) else kind
    text = isinstance(bare, inspect.StrType) or isinstance(default, str)
    return Field(key, annotation, default, _description(annotation), _allowed(bare), text)


def _description(annotation: Any) -> str:
    kind = inspect.type_info(annotation)
    schema = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    return str((schema or {}).get("description", ""))


def _allowed(kind: inspect.Type) -> str:
    """What may be written, in words."""
    match kind:
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(json.dumps(value) for value in values)
        case inspect.IntType() | inspect.FloatType():
            return _numbers(kind)
        case inspect.VarTupleType(min_length=least):
            return "a list of names, at least one" if least else "a list of names"
        case inspect.DictType():
            return "a table of texts"
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType(pattern=str(pattern)):
            return words_of(pattern)
        case _:
            return "a text"


def _numbers(kind: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
    if kind.multiple_of == 2:
        noun = "an even number"
    if kind.ge is not None and kind.le is not None:
        return f"{noun} from {kind.ge:g} to {kind.le:g}"
    if kind.ge is not None:
        return f"{noun}, at least {kind.ge:g}"
    return f"{noun} above {kind.gt:g}" if kind.gt is not None else noun


def _commented(field: Field) -> str:
    allowed = f" ({field.allowed})" if not field.allowed.startswith("a text") else ""
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    name = field.key.partition(".")[2]
    return _comment(field.doc.rstrip(".") + allowed + ".") + f"{name} = {json.dumps(value, ensure_ascii=False)}\n"


def _comment(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="#   ") + "\n"


# ---------------------------------------------------------------- reading TOML


def _document(data: bytes, name: str) -> tuple[str, dict[str, Any]]:
    try:
        text = data.decode("utf-8")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    at = re.search(r"line (\d+)", reason)
    origin = f"{name}:{at[1]}" if at else name
    raise AuradError(
        "E503-CONFIG",
        f"cannot read {name}: {reason}",
        remedy="Correct the file; it is TOML.",
        details={"origin": origin},
    )


def _leaves(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Settings by path: two parts, three below `plugins`; a value where a table belongs is its own leaf."""
    for section, table in document.items():
        if not isinstance(table, dict) or (not table and section not in Settings.__struct_fields__):
            yield (section,), table
            continue
        for key, value in table.items():
            if section == PLUGINS and isinstance(value, dict):
                yield from (((section, key, option), inner) for option, inner in value.items())
            else:
                yield (section, key), value


def _lines_of(text: str) -> dict[tuple[str, ...], int]:
    """The line of every key and table header; tomllib does not tell. A multi-line string may add false ones."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]", line):
            table = _path(header[1])
            lines.setdefault(table, number)
        elif key := re.match(r"\s*([^=#]+?)\s*=", line):
            lines.setdefault(table + _path(key[1]), number)
    return lines


def _path(key: str) -> tuple[str, ...]:
    """A dotted, perhaps quoted key as TOML understands it."""
    try:
        node: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(node, dict):
        part, node = next(iter(node.items()))
        parts.append(part)
    return tuple(parts)


def _json_or(raw: str, otherwise: object) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return otherwise


# ---------------------------------------------------------------- errors


def _unknown(entry: Entry, known: Iterable[str] = ()) -> AuradError:
    keys = list(known or catalogue())
    close = difflib.get_close_matches(entry.key, keys, n=3) or [key for key in keys if key.endswith("." + entry.key)]
    if entry.key.startswith(PLUGINS):
        remedy = "Options belong into a table of the plugin's name: [plugins.NAME]."
    elif close:
        remedy = f"Did you mean {' or '.join(close)}?"
    else:
        own = [key for key in keys if key.startswith(entry.key.partition(".")[0] + ".")]
        remedy = "Known: " + ", ".join(keys if known else own or [*_sections(), PLUGINS]) + "."
    return _wrong(entry, "there is no such setting", remedy)


def _wrong(entry: Entry, cause: str, remedy: str) -> AuradError:
    value = json.dumps(entry.value, default=str, ensure_ascii=False)
    return AuradError(
        "E503-CONFIG",
        f"cannot use {entry.key} = {value} ({entry.origin}): {cause[:1].lower()}{cause[1:]}",
        remedy=remedy,
        details={"key": entry.key, "origin": entry.origin},
    )


if __name__ == "__main__":
    print(default_text(), end="")
