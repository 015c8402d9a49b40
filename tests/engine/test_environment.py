"""Workers see what programs need to run, and none of what was meant for others."""

from aurad.engine.environment import for_workers


def test_what_is_needed_passes_and_what_is_not_stays() -> None:
    environ = {"PATH": "/bin", "LC_ALL": "C.UTF-8", "OPENAI_API_KEY": "sk", "AURAD_HTTP__BIND": "x", "HTTPS_PROXY": "p"}
    seen = for_workers(environ)
    assert environ.keys() & seen.keys() == {"PATH", "LC_ALL", "HTTPS_PROXY"}


def test_an_administrator_lets_more_through_and_a_user_may_set_what_we_set() -> None:
    seen = for_workers({"OPENAI_API_KEY": "sk", "MALLOC_TRIM_THRESHOLD_": "1"}, ["OPENAI_API_KEY"])
    assert seen["OPENAI_API_KEY"] == "sk"
    assert seen["MALLOC_TRIM_THRESHOLD_"] == "1"
    assert seen["ORT_DISABLE_TELEMETRY"] == "1"
