"""What the engine is given to read for written words: versions, units, signs, and the dictionary before all."""

from __future__ import annotations

import pytest

from aurad_plugins.voice_hibari.text import phonemes
from aurad_plugins.voice_hibari.written import readable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("v2.3.1,", "version 2 point 3 point 1,"),
        ("on p. 12 (Sec. 4, Eq. 7) of Tab. 2", "on page 12 (section 4, equation 7) of table 2"),
        ("version v2.3.1-rc.1", "version 2 point 3 point 1 R C 1"),
        ("Python 3.11 and 3.11.4", "Python 3.11 and 3 point 11 point 4"),
        ("CO2 (CO₂)", "C O 2 (C O 2)"),
        ("~5 -> 6 & 7", "about 5 to 6 and 7"),
        ("2 m/s, 90 Mbit/s", "2 meters per second, 90 megabits per second"),
        ("1 m or 5 m²", "1 meter or 5 square meters"),
        ("a m b", "a m b"),
        ("5 kWh/m²", "5 kilowatt hours per square meter"),
        ("10km", "10 kilometers"),
        ("on Windows 10/11 or Windows 7/8.1/10.", "on Windows 10 and 11 or Windows 7, 8.1, and 10."),
        ("Windows 10/11, iOS 16/17 or Node 18/20/22", "Windows 10 and 11, iOS 16 and 17 or Node 18, 20, and 22"),
        ("Python 3.11/3.12", "Python 3.11 and 3.12"),
        ("24/7, 24/7/365, (9/11)", "twenty-four seven, twenty-four seven three sixty-five, (nine eleven)"),
        (
            "passed 10/11 and 12/15 people gave it 8/10",
            "passed 10 out of 11 and 12 out of 15 people gave it 8 out of 10",
        ),
        ("On 10/11 or 10/11/2024 or 2024/10/11", "On 10/11 or 10/11/2024 or 2024/10/11"),
        ("Add 1/2 cups to 3/4 and 9/10 of it", "Add 1/2 cups to 3/4 and 9/10 of it"),
        ("the 80/20 rule in 2023/24 at 120/80, 16/9", "the 80 20 rule in 2023 24 at 120 over 80, 16 to 9"),
        ("1.5x, 2×", "1.5 times, 2 times"),
        ("1.5M 100k", "1.5 million 100 thousand"),
        ("€1.5bn $1.2M/year $20", "1.5 billion euros 1.2 million dollars per year $20"),
        ("3:1 at 10:30", "3 to 1 at 10:30"),
        ("2026-11-22T10:00:05Z", "2026-11-22, 10:00 U T C"),
        ("who asked WHO?", "who asked W H O?"),
        ("JSON/YAML.", "jason/yammel."),
        ("(1990s), '90s, ’90s, the 90s, and 90s", "(1990s), '90s, ’90s, the 90s, and 90 seconds"),
        ("Python 3.10+ (3.20)", "Python 3 point 10 plus (3 point 20)"),
        ("≥3.9, ≤ 5 ≠2", "at least 3.9, at most 5 is not 2"),
        ("3 GHz GHz 64 KiB", "3 gigahertz gigahertz 64 kibibytes"),
        (
            "500 req/s, 1 req/s, 100k req/s",
            "500 requests per second, 1 request per second, 100 thousand requests per second",
        ),
        (
            "20 ops/s 5 MB/s 3 GB 20 µs 3ms",
            "20 operations per second 5 megabytes per second 3 gigabytes 20 microseconds 3 milliseconds",
        ),
        (
            "9 µs/op 200 qps tokens/s and/or",
            "9 microseconds per operation 200 queries per second tokens per second and/or",
        ),
        ("C# 2FA 50/50", "C sharp two F A fifty fifty"),
        ("1,013 hPa, 40 t", "1,013 hectopascals, 40 tons"),
        ("https://www.example.org/a-b/c?d=1#e,", "example dot org slash a b slash c,"),
        ("(www.example.co.uk)", "(example dot co dot uk)"),
        ("c. 1826 (ca. 500) vitamin c. Then", "circa 1826 (circa 500) vitamin c. Then"),
        ("−30% –5 −$3 2019–2020", "-30% -5 -$3 2019–2020"),
        ("in Jan, Nov 2024; Jan left, 12 Feb", "in January, November 2024; Jan left, 12 February"),
        ("Nov 12 Nov. 2024", "Nov 12 November 2024"),
        ("Ctrl+C 15 ct/kWh 8 yrs, 5 kWp", "control+C 15 cents per kilowatt hour 8 years, 5 kilowatts peak"),
        ("1 kWh per kWh p.a.", "1 kilowatt hour per kilowatt hour per year."),
        ("km/h °C 3/4 2026-11-22 e.g. API SQL", "km/h °C 3/4 2026-11-22 e.g. API SQL"),  # the engine's own business
    ],
)
def test_words_are_rewritten_only_where_the_engine_is_wrong(written: str, read: str) -> None:
    assert " ".join(readable(written.split(), {})) == read


def test_a_dictionary_has_the_first_and_only_say() -> None:
    words = ["JSON", "v2.3.1", "aurad's"]
    assert readable(words, {"json": "jay sawn", "aurad": "ow-rad"})[0::2] == ["jay sawn", "ow-rad's"]
    assert readable(["5", "m"], {"m": "em"}) == ["5", "em"]


def test_all_that_is_said_for_a_word_belongs_to_it() -> None:
    def read(text: str) -> list[tuple[str, str]]:
        return [(word, "ə") for word in text.split()]

    symbols = phonemes(["Use", "kubectl", "v1.2.3", "now."], 10, read, {"kubectl": "cube control tool"})
    assert [symbol.word for symbol in symbols if symbol.char != " "] == [10, 11, 11, 11, *[12] * 6, 13]
