"""What the engine would read wrong, rewritten word by word into what it reads right.

Owns versions, units after numbers, rates, scales, signs and the names of computing. Each written word
keeps its place: what is read for it may be several words. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aurad.api import respelled
from aurad_plugins.voice_hibari.slashes import say_slashed

# Words that the engine spells out or misreads; a document's own dictionary comes before them.
NAMES = {
    "json": "jason", "yaml": "yammel", "toml": "tommel", "README": "read me", "CHANGELOG": "change log",
    "TODO": "to do", "nginx": "engine X", "kubectl": "cube control", "systemd": "system D", "AWS": "A W S",
    "WHO": "W H O", "IEEE": "I triple E", "IPv4": "I P V 4", "IPv6": "I P V 6", "i18n": "I eighteen N",
    "k8s": "kubernetes", "stdout": "standard out", "stdin": "standard in", "stderr": "standard error",
    "enum": "ee-num", "sqlite": "S Q lite", "postgresql": "postgres Q L", "CO2": "C O 2", "CO₂": "C O 2",
    "H₂O": "H 2 O", "kWh": "kilowatt hours", "utf-8": "U T F 8", "JSONL": "jason lines", "src": "source",
    "24/7": "twenty-four seven", "50/50": "fifty fifty", "C#": "C sharp", "F#": "F sharp", "2FA": "two F A",
    "GHz": "gigahertz", "MHz": "megahertz", "kHz": "kilohertz", "PyPI": "pie P I", "KiB": "kibibytes",
    "GiB": "gibibytes", "MiB": "mebibytes", "OAuth2": "O auth 2", "Ctrl": "control", "Cmd": "command",
    "p.a": "per year",
}  # fmt: skip
BEFORE_NUMBER = {"c.": "circa", "ca.": "circa", "ca": "circa", "Chap.": "chapter", "chap.": "chapter", "p.": "page",
                 "Sec.": "section", "Eq.": "equation", "Tab.": "table", "App.": "appendix"}  # fmt: skip
MONTHS = {"Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July",
          "Aug": "August", "Sep": "September", "Sept": "September", "Oct": "October", "Nov": "November",
          "Dec": "December"}  # fmt: skip
GIVEN_NAMES = frozenset(("Jan", "Mar", "Jun"))  # months only where the words around them say so
# After a number: singular and plural. Only what is no other word there.
UNITS = {
    "m": ("meter", "meters"), "s": ("second", "seconds"), "h": ("hour", "hours"), "g": ("gram", "grams"),
    "W": ("watt", "watts"), "V": ("volt", "volts"), "L": ("liter", "liters"), "l": ("liter", "liters"),
    "km": ("kilometer", "kilometers"), "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "kg": ("kilogram", "kilograms"), "mg": ("milligram", "milligrams"), "µg": ("microgram", "micrograms"),
    "ms": ("millisecond", "milliseconds"), "µs": ("microsecond", "microseconds"),
    "ns": ("nanosecond", "nanoseconds"), "min": ("minute", "minutes"), "ha": ("hectare", "hectares"),
    "B": ("byte", "bytes"), "kB": ("kilobyte", "kilobytes"), "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "KiB": ("kibibyte", "kibibytes"), "MiB": ("mebibyte", "mebibytes"), "GiB": ("gibibyte", "gibibytes"),
    "TiB": ("tebibyte", "tebibytes"), "kbit": ("kilobit", "kilobits"), "Mbit": ("megabit", "megabits"),
    "Gbit": ("gigabit", "gigabits"), "dB": ("decibel", "decibels"), "kWh": ("kilowatt hour", "kilowatt hours"),
    "MWh": ("megawatt hour", "megawatt hours"), "GWh": ("gigawatt hour", "gigawatt hours"),
    "TWh": ("terawatt hour", "terawatt hours"), "kW": ("kilowatt", "kilowatts"), "MW": ("megawatt", "megawatts"),
    "GW": ("gigawatt", "gigawatts"), "Wh": ("watt hour", "watt hours"), "mL": ("milliliter", "milliliters"),
    "Pa": ("pascal", "pascals"), "hPa": ("hectopascal", "hectopascals"), "kPa": ("kilopascal", "kilopascals"),
    "kJ": ("kilojoule", "kilojoules"), "kcal": ("kilocalorie", "kilocalories"),
    "t": ("ton", "tons"), "Mt": ("megaton", "megatons"), "Gt": ("gigaton", "gigatons"), "mA": ("milliamp", "milliamps"),
    "mW": ("milliwatt", "milliwatts"), "mV": ("millivolt", "millivolts"),
    "kV": ("kilovolt", "kilovolts"), "px": ("pixel", "pixels"), "fps": ("frame per second", "frames per second"),
    "ppm": ("part per million", "parts per million"), "req": ("request", "requests"),
    "ops": ("operation", "operations"), "tok": ("token", "tokens"), "msg": ("message", "messages"),
    "kb": ("kilobit", "kilobits"), "Mb": ("megabit", "megabits"), "Gb": ("gigabit", "gigabits"),
    "PB": ("petabyte", "petabytes"), "rps": ("request per second", "requests per second"),
    "ct": ("cent", "cents"), "yr": ("year", "years"), "yrs": ("year", "years"), "wk": ("week", "weeks"),
    "wks": ("week", "weeks"), "mo": ("month", "months"), "mos": ("month", "months"),
    "kWp": ("kilowatt peak", "kilowatts peak"), "MWp": ("megawatt peak", "megawatts peak"),
    "qps": ("query per second", "queries per second"), "tps": ("transaction per second", "transactions per second"),
}  # fmt: skip
PER = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "mo": "month",
       "yr": "year", "m": "meter", "m²": "square meter", "m³": "cubic meter", "m3": "cubic meter", "km²":
       "square kilometer", "km": "kilometer", "kg": "kilogram", "l": "liter", "L": "liter", "ha": "hectare",
       "second": "second", "minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month",
       "year": "year", "user": "user", "person": "person", "op": "operation", "req": "request",
       "kWh": "kilowatt hour", "MWh": "megawatt hour", "GB": "gigabyte", "MB": "megabyte",
       "TB": "terabyte"}  # fmt: skip
POWERS = {"²": "square", "³": "cubic"}
SCALES = {"k": "thousand", "K": "thousand", "M": "million", "m": "million", "mn": "million", "bn": "billion",
          "B": "billion", "tn": "trillion"}  # fmt: skip
MONEY = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"}
SIGNS = {"->": "to", "→": "to", "=>": "to", "&": "and", "~": "about", "≈": "about", "≥": "at least",
         "≤": "at most", "≠": "is not", "×": "times", "%": "percent"}  # fmt: skip

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_EDGES = re.compile(r"^([\"'“‘(\[]*)(.*?)([\"'”’)\],.;:!?…]*)$", re.DOTALL)
_VERSION = re.compile(r"^(v(?:ersion)?)?(\d+(?:\.\d+){2,4})((?:-?(?:[a-z]+)\.?\d*)?)$", re.IGNORECASE)
_SHORT_VERSION = re.compile(r"^[vV](\d+(?:\.\d+)?)$")
_MEASURED = re.compile(rf"^([-−+]?{_NUMBER})?([^\W\d]{{1,4}}?)([²³])?(?:/(\w{{1,6}}?[²³]?))?$")
_SCALED = re.compile(rf"^({_NUMBER})(k|K|M|bn|mn)\+?$")
_PRICE = re.compile(rf"^([$€£¥])({_NUMBER})(k|K|M|m|mn|B|bn|tn)?(?:/(\w+))?$")
_RATIO = re.compile(r"^(\d{1,3}):(\d)$")  # two digits after the colon are a time of day
_TIMES = re.compile(rf"^({_NUMBER})[x×]$")
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z?)$")
_DECADE = re.compile(r"^(?:1\d|20|[’'])\d0s\b")  # 1990s, '90s; of 90s only the word before tells that it is no time
_BEFORE_MONTH = frozenset(("in", "since", "until"))
_BEFORE_DECADE = frozenset(("the", "early", "late", "mid"))
_TENTHS = re.compile(r"^(\d+)\.([1-9]0)(\+?)$")  # 3.10 is another number than 3.1
_ADDRESS = re.compile(r"^(?:https?://|(?=www\.))(?:www\.)?([\w.-]+\.[a-z]{2,})(/\S*)?$", re.IGNORECASE)
_COMPARED = re.compile(r"^([~≈≥≤≠])(?=\S)")
_ENDS_IN_NUMBER = re.compile(rf"^[(\"“]*[~≈<>$€£-]?{_NUMBER}(?:[kKM]|bn|mn)?$")
_MINUS = re.compile(r"^[−–](?=[$€£¥]?\d)")  # the engine knows the hyphen alone
_YEAR = re.compile(r"^(?:1[5-9]|20)\d\d\b")
_RATE = re.compile(r"^([a-z]{3,}s)/(\w{1,6})$")  # `tokens/s`


def readable(words: Sequence[str], pronounce: Mapping[str, str]) -> list[str]:
    """For each written word what the engine is to read; a document's dictionary has the first and only say."""
    named = respelled(words, pronounce)
    return [
        said if said != word else _in_place(words, i) for i, (word, said) in enumerate(zip(words, named, strict=True))
    ]


def _in_place(words: Sequence[str], i: int) -> str:
    before, after = words[i - 1] if i else "", "".join(words[i + 1 : i + 2])
    lead, core, trail = _parts(words[i])
    if "/" in core and core not in NAMES and (said := say_slashed(core, before, after, starts=i == 1)):
        return f"{lead}{said}{trail}"
    return _readable(words[i], before, after)


def _parts(word: str) -> tuple[str, str, str]:
    match = _EDGES.match(word)
    return (match[1], match[2], match[3]) if match else ("", word, "")


def _readable(word: str, before: str, after: str) -> str:
    if word in SIGNS:
        return SIGNS[word]
    if short := _short(word, before, after):
        return short
    if _DECADE.match(word.lstrip("(")) or (before.lower() in _BEFORE_DECADE and re.match(r"\d0s\b", word)):
        return word
    lead, core, trail = _parts(word)
    core = _MINUS.sub("-", core)
    if compared := _COMPARED.match(core):
        lead, core = f"{lead}{SIGNS[compared[1]]} ", core[1:]
    return f"{lead}{_core(core, bool(_ENDS_IN_NUMBER.match(before)), before)}{trail}"


def _short(word: str, before: str, after: str) -> str:
    """`circa` of `(c. 1826)`, `November` of `Nov, `; nothing where it is not short for anything, or a day comes."""
    bare = word.lstrip("(")
    if bare in BEFORE_NUMBER and after[:1].isdigit():
        return word.replace(bare, BEFORE_NUMBER[bare])
    year = _YEAR.match(after)
    short = bare.rstrip(".,;:)?!" if year else ",;:)?!")
    is_told = year or before.lower() in _BEFORE_MONTH
    if short not in MONTHS or (short in GIVEN_NAMES and not is_told) or (after[:1].isdigit() and not year):
        return ""
    return word.replace(f"{short}.", short).replace(short, MONTHS[short])


def _core(core: str, after_number: bool, before: str) -> str:
    if core[:1] in MONEY and (price := _PRICE.match(core)):
        return _price(*price.groups())
    if address := _ADDRESS.match(core):
        return _address(*address.groups())
    if tenths := _TENTHS.match(core):
        return f"{tenths[1]} point {tenths[2]}{' plus' if tenths[3] else ''}"
    if version := _VERSION.match(core):
        return _version(version, before)
    if short := _SHORT_VERSION.match(core):
        return f"version {short[1]}"
    if scaled := _SCALED.match(core):
        return f"{scaled[1]} {SCALES[scaled[2]]}"
    if ratio := _RATIO.match(core):
        return f"{ratio[1]} to {ratio[2]}"
    if times := _TIMES.match(core):
        return f"{times[1]} times"
    if stamp := _STAMP.match(core):
        return f"{stamp[1]}, {stamp[2]}{' U T C' if stamp[3] else ''}"
    if before.lower() == "per" and core in UNITS:
        return UNITS[core][0]
    if (measured := _MEASURED.match(core)) and (measured[1] or after_number):
        return _measured(measured, before) or respelled([core], NAMES)[0]
    if (rate := _RATE.match(core)) and rate[2] in PER:
        return f"{rate[1]} per {PER[rate[2]]}"
    return respelled([core], NAMES)[0]


def _version(match: re.Match[str], before: str) -> str:
    """`v2.3.1-rc1` as `version 2 point 3 point 1 rc1`; each part is a number of its own."""
    numbers = " point ".join(match[2].split("."))
    named = "version " if match[1] and before.lower() not in ("version", "release") else ""
    rest = re.sub(r"(?<=[a-zA-Z])\.?(?=\d)", " ", match[3].lstrip("-")).replace("rc", "R C")
    return f"{named}{numbers} {rest}".rstrip()


def _address(host: str, path: str | None) -> str:
    """What people say of an address: not how it is fetched, and no more of it than its page."""
    page = re.split(r"[?#]", path or "")[0].rstrip("/")
    said = re.sub(r"[/.]", lambda mark: " slash " if mark[0] == "/" else " dot ", host + page)
    return re.sub(r"[-_~%+=]+", " ", said)


def _measured(match: re.Match[str], before: str) -> str:
    """`5 m/s`, `10km²`: the number (if it is in this word) and the unit in full; nothing if it is no unit."""
    number, unit, power, per = match.groups()
    if unit not in UNITS or (per and per not in PER):
        return ""
    one = (number or before).lstrip('("“~≈<>') == "1"
    name = UNITS[unit][0 if one else 1]
    parts = [number or "", POWERS.get(power or "", ""), name, f"per {PER[per]}" if per else ""]
    return " ".join(part for part in parts if part)


def _price(sign: str, number: str, scale: str | None, per: str | None) -> str:
    """`$1.2M/year`; plain amounts are the engine's own business."""
    rate = f" per {PER.get(per, per)}" if per else ""
    if not scale:
        return f"{sign}{number}{rate}"
    return f"{number} {SCALES[scale]} {MONEY[sign]}{rate}"
