"""`auractl submit`: jobs are handed over and left alone, any number at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aurad.client.cli import codes, options
from aurad.model.errors import AuradError

EXAMPLES = """\b
Examples:
  auractl submit *.md --preset draft
  auractl submit --batch jobs.toml --wait

\b
jobs.toml, with any option of this command; paths are relative to it:
  [defaults]
  theme = "paper"
  [[jobs]]
  source = "talk.md"
  aspect = "9:16"

"""


@click.command(epilog=EXAMPLES + codes.HELP)
@click.argument("sources", metavar="SOURCE|TOPIC...", nargs=-1)
@options.job_options
@click.option("--batch", type=options.FILE, metavar="FILE", help="Submit the jobs that a TOML file lists.")
@click.option("--priority", type=click.IntRange(1, 10), help="1 is first, 10 last; 5 is usual.")
@click.option("--label", "label", metavar="KEY=VALUE", multiple=True, help="A label, to find it by; repeat it.")
@click.option("--wait", is_flag=True, help="Wait until all have ended.")
@options.dry_run
def submit(sources: tuple[str, ...], batch: Path | None, wait: bool, dry_run: bool, **given: Any) -> int:
    """Submit jobs and print their ids, one a line; `auractl watch` follows them.

    One that cannot be submitted does not keep the others; the exit status then is 1.
    """
    if not sources and not batch:
        raise click.UsageError("Give a document, a topic, or --batch FILE.")
    from aurad.client.cli import submitting

    orders = [(source, given) for source in sources] + (list(read_batch(batch)) if batch else [])
    return submitting.submit_all(orders, wait=wait, dry_run=dry_run)


def read_batch(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A source and its options for every job of a batch file. Raises E100 naming the job and the value."""
    import tomllib  # `auractl make` need not wait for it

    try:
        document = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise _wrong(path, str(error)) from error
    if unknown := set(document) - {"defaults", "jobs"}:
        raise _wrong(path, f"it has {min(unknown)!r}; allowed are defaults and jobs")
    if not isinstance(jobs := document.get("jobs"), list) or not jobs:
        raise _wrong(path, "it lists no [[jobs]]")
    for number, job in enumerate(jobs, 1):
        yield _one(path, number, {**document.get("defaults", {}), **job})


def _one(path: Path, number: int, job: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Through the command's own parser: what a word means is said once."""
    source = job.pop("source", None) or job.pop("topic", None)
    if not isinstance(source, str):
        raise _wrong(path, f"job {number} has neither source nor topic")
    word = str(beside) if (beside := path.parent / source).is_file() else source
    words = [word]
    for key, value in job.items():
        for each in value if isinstance(value, list) else [value]:
            words += [f"--{key.replace('_', '-')}", str(each)]
    try:
        return word, submit.make_context("submit", words).params
    except click.ClickException as error:
        raise _wrong(path, f"job {number}: {error.format_message()}") from error


def _wrong(path: Path, why: str) -> AuradError:
    return AuradError("E100-REQUEST", f"cannot use {path}: {why}", remedy="See `auractl submit --help`.")
