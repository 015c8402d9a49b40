"""Settings as TOML: what is read, where from, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.errors import AuradError
from aurad.model.settings import Settings
from aurad.wire.toml import (
    Entry,
    catalogue,
    default_text,
    entries_of,
    entries_of_environment,
    entries_of_flags,
    merge,
    preset_of,
    with_value,
)

COMMITTED = Path(__file__).parents[2] / "config" / "aurad.toml"


def refused(text: str) -> AuradError:
    with pytest.raises(AuradError) as caught:
        merge(entries_of(text.encode(), "a.toml"))
    assert caught.value.code == "E503-CONFIG"
    return caught.value


def test_the_committed_file_is_what_would_be_generated() -> None:
    assert COMMITTED.read_text("utf-8") == default_text(), "run: python -m aurad.wire.toml > config/aurad.toml"


def test_the_generated_file_holds_every_setting_with_its_default() -> None:
    entries = entries_of(default_text().encode(), "aurad.toml")
    assert [entry.key for entry in entries] == list(catalogue())
    assert merge(entries).settings == Settings()


def test_every_setting_is_explained_and_says_what_is_allowed() -> None:
    assert all(field.doc and field.allowed for field in catalogue().values())


def test_every_value_knows_its_line() -> None:
    loaded = merge(
        entries_of(b'# hello\n[http]\nbind = "[::1]:80"\n\n[voice]\nproviders = [\n "espeak",\n]\n', "a.toml")
    )
    assert loaded.settings.http.bind == "[::1]:80"
    assert loaded.settings.voice.providers == ("espeak",)
    assert loaded.origins["http.bind"] == "a.toml:3"
    assert loaded.origins["voice.providers"] == "a.toml:6"
    assert loaded.origins["http.auth"] == "default"


@pytest.mark.parametrize(
    "text", ['http.bind = "x:1"', '"http" . bind="x:1"', '[ "http" ]\nbind = "x:1"', '[http] # a\n"bind"="x:1"']
)
def test_all_spellings_of_a_key_have_a_line(text: str) -> None:
    assert merge(entries_of(text.encode(), "a.toml")).origins["http.bind"] == f"a.toml:{1 + text.count(chr(10))}"


def test_later_sources_win_key_by_key() -> None:
    loaded = merge(
        [
            *entries_of(b"[jobs]\nmax_running = 2\nmax_queued = 7\n[plugins.master]\na = 1\nb = 1\n", "a.toml"),
            *entries_of(b"[jobs]\nmax_running = 3\n[plugins.master]\nb = 2\n", "b.toml"),
            *entries_of_environment({"AURAD_JOBS__MAX_RUNNING": "4", "AURAD_SOCKET": "/x", "AURADX__Y": "1"}),
            *entries_of_flags({"jobs.keep_days": "1.5"}),
        ]
    )
    assert (loaded.settings.jobs.max_running, loaded.settings.jobs.max_queued) == (4, 7)
    assert loaded.settings.jobs.keep_days == 1.5
    assert loaded.settings.plugins == {"master": {"a": 1, "b": 2}}
    assert loaded.origins["jobs.max_running"] == "environment AURAD_JOBS__MAX_RUNNING"
    assert loaded.origins["plugins.master.b"] == "b.toml:4"
    assert loaded.origins["jobs.keep_days"] == "command line"


@pytest.mark.parametrize(
    ("name", "raw", "key", "value"),
    [
        ("AURAD_VOICE__PROVIDERS", "espeak, hibari", "voice", ("espeak", "hibari")),
        ("AURAD_VOICE__PROVIDERS", '["espeak"]', "voice", ("espeak",)),
    ],
)
def test_lists_from_the_environment(name: str, raw: str, key: str, value: tuple[str, ...]) -> None:
    assert merge(entries_of_environment({name: raw})).settings.providers()[key] == value  # type: ignore[index]


def test_a_text_from_the_environment_stays_a_text() -> None:
    settings = merge(
        entries_of_environment({"AURAD_DEFAULTS__VOICE": "7", "AURAD_PLUGINS__MASTER__GAIN": "-3"})
    ).settings
    assert settings.defaults.voice == "7"
    assert settings.plugins == {"master": {"gain": -3}}


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        ("[http]\nbnd = 'x:1'", 'http.bnd = "x:1" (a.toml:2)', "http.bind"),
        ("bind = 'x:1'", 'bind = "x:1" (a.toml:1)', "http.bind"),
        ("[htp]\nbind = 'x:1'", "htp.bind", "http.bind"),
        ("[zzz]", "zzz = {} (a.toml:1)", "Known: http, control, script"),
        ("http = 3", "http = 3 (a.toml:1)", "http."),
        ("[http]\nbind = 17", "http.bind = 17 (a.toml:2): expected `str`, got `int`", "127.0.0.1:8765"),
        ("[http]\nbind = 'localhost'", "http.bind", "127.0.0.1:8765"),
        ("[http]\nauth = 'none'", 'http.auth = "none" (a.toml:2)', '"loopback", "token"'),
        ("[jobs]\nmax_running = 0", "jobs.max_running = 0", "at least 1"),
        ("[defaults]\nshort_side = 1081", "defaults.short_side = 1081", "an even number from 240 to 4320"),
        ("[voice]\nproviders = []", "voice.providers = []", "at least one"),
        ("[voice]\nproviders = 'hibari'", 'voice.providers = "hibari"', "a list"),
        ("[plugins]\nmaster = 3", "plugins.master = 3", "[plugins.NAME]"),
        ("[http\n", "cannot read a.toml", "TOML"),
        ("[http]\nbind='a:1'\nbind='b:1'", "cannot read a.toml", "TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place_and_what_is_allowed(text: str, says: str, remedy: str) -> None:
    error = refused(text)
    assert says in error.detail
    assert remedy in error.remedy


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(AuradError, match="environment AURAD_JOBS__MAX_RUNNING"):
        merge(entries_of_environment({"AURAD_JOBS__MAX_RUNNING": "many"}))
    with pytest.raises(AuradError, match="environment AURAD_JOBS__MAX_RUNING"):
        merge(entries_of_environment({"AURAD_JOBS__MAX_RUNING": "4"}))


def test_a_variable_with_one_underscore_is_not_passed_over() -> None:
    with pytest.raises(AuradError, match=r"AURAD_JOBS_MAX_RUNNING = \"4\" \(environment\)") as caught:
        entries_of_environment({"AURAD_JOBS_MAX_RUNNING": "4"})
    assert "AURAD_JOBS__MAX_RUNNING" in caught.value.remedy
    assert entries_of_environment({"AURAD_SOCKET": "/s", "AURAD_NO_SUCH": "4", "JOBS_MAX_RUNNING": "4"}) == []


def test_bytes_that_are_not_utf_8_are_named() -> None:
    with pytest.raises(AuradError, match=r"cannot read a\.toml: byte 1 is not UTF-8"):
        entries_of(b"#\xff", "a.toml")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_settings_or_one_clear_error(data: bytes) -> None:
    with suppress(AuradError):
        merge(entries_of(data, "a.toml"))


def test_a_drop_in_is_changed_key_by_key_and_taken_back() -> None:
    one = with_value(b"", "d.toml", "jobs.max_running", "2")
    two = with_value(one, "d.toml", "voice.providers", "espeak")
    three = with_value(two, "d.toml", "plugins.master.gain_db", -3)
    settings = merge(entries_of(three, "d.toml")).settings
    assert settings.jobs.max_running == 2
    assert settings.voice.providers == ("espeak",)
    assert settings.plugins == {"master": {"gain_db": -3}}
    assert (
        merge(entries_of(with_value(three, "d.toml", "jobs.max_running", None), "d.toml")).settings.jobs.max_running
        == 4
    )


@pytest.mark.parametrize(
    ("key", "raw"), [("jobs.max_running", "0"), ("jobs.nope", "1"), ("jobs", "1"), ("plugins.x", "1")]
)
def test_a_drop_in_never_gets_what_could_not_be_read_back(key: str, raw: str) -> None:
    with pytest.raises(AuradError, match="cannot use"):
        with_value(b"", "d.toml", key, raw)


@given(st.sampled_from(sorted(catalogue())))
def test_every_default_survives_a_drop_in(key: str) -> None:
    default = catalogue()[key].default
    raw = ",".join(default) if isinstance(default, tuple) else str(default)
    assert merge(entries_of(with_value(b"", "d.toml", key, raw), "d.toml")).settings == Settings()


def test_a_broken_drop_in_is_named_rather_than_rewritten() -> None:
    with pytest.raises(AuradError, match=r"jobs = 3 \(d\.toml:1\)"):
        with_value(b"jobs = 3", "d.toml", "jobs.max_running", "2")


def test_a_preset_is_read_and_its_mistakes_are_named() -> None:
    assert preset_of(b'aspect = "9:16"\nfps = 60\n', "p.toml").fps == 60
    with pytest.raises(AuradError, match=r"cannot use fsp = 60 \(p\.toml:2\)") as caught:
        preset_of(b'aspect = "9:16"\nfsp = 60\n', "p.toml")
    assert "fps" in caught.value.remedy
    with pytest.raises(AuradError, match=r"fps = 1000 \(p\.toml:1\)"):
        preset_of(b"fps = 1000\n", "p.toml")


def test_an_entry_for_a_plugin_is_left_to_the_plugin() -> None:
    assert merge([Entry("plugins.x.deep", {"a": [1]}, "here")]).settings.plugins == {"x": {"deep": {"a": [1]}}}


def test_the_dictionary_may_be_a_table_of_its_own() -> None:
    data = b'[defaults.pronounce]\nkubectl = "cube control"\n"C++" = "see plus plus"\n'
    loaded = merge(entries_of(data, "aurad.toml"))
    assert loaded.settings.defaults.pronounce == {"kubectl": "cube control", "C++": "see plus plus"}
    assert loaded.origins["defaults.pronounce"] == "aurad.toml:1"
