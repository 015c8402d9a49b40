"""The commands edit and remake: a new job out of an old one, in which only what changed is made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aurad.client.blocking import Client
from aurad.client.cli import daemon, options, talk
from aurad.client.cli import source as sources
from aurad.client.cli.jobs import find, job_argument, shown_script

STAGES = ("Script", "Voice", "Visuals", "Rendering", "Postprocessing")
OF_SCENE = ("text", "heading", "voice")
NO_FORMAT = {"sourceFormat": None}  # a script takes the document's place
EXAMPLES = """\
\b
Examples:
  auractl edit last                                the script, in $EDITOR
  auractl edit last --scene s3 --text "Bees see red as black."
  auractl edit last --aspect 9:16 --voice heart --cancel-old
  auractl watch $(auractl edit last --script changed.json)
"""

cancel_old = click.option("--cancel-old", is_flag=True, help="End the old job, if it has not ended.")


@click.command(epilog=EXAMPLES)
@job_argument
@click.option("--scene", metavar="ID", help="What --text, --heading and --voice are for; `auractl script` has the ids.")
@click.option("--text", help="What is said in the scene.")
@click.option("--heading", help="What its slide is called.")
@click.option("--voice", metavar="NAME", help="Of the scene, or of all without --scene.")
@click.option("--aspect", type=click.Choice(options.ASPECTS), help="Shape of the picture.")
@click.option("--theme", metavar="NAME", help="See `auractl themes`.")
@click.option("--captions", type=click.Choice(options.CAPTIONS), help="How words are shown.")
@click.option("--max-cost", type=click.FloatRange(min=0), metavar="SUM", help="Spend no more on paid services.")
@click.option("--set", "settings", metavar="PLUGIN.OPTION=VALUE", multiple=True, help="Repeat it.")
@click.option("--remove", metavar="ID", multiple=True, help="Leave this scene out; repeat it.")
@click.option("--order", metavar="ID,ID,...", help="All scenes in their new order.")
@click.option("--script", type=options.FILE, metavar="FILE", help="Another script for it.")
@cancel_old
def edit(job_id: str, settings: tuple[str, ...], script: Path | None, cancel_old: bool, **given: Any) -> None:
    """Change a job's video: only what changed is made anew.

    The id of a new job is printed; the old one stays as it is. Without options $EDITOR is opened on its script.
    """
    changes = _changes(given, options.plugin_options(settings))
    if script:
        changes["brief"] = changes.get("brief", {}) | NO_FORMAT | sources.read_script(script).brief
    client, _ = daemon.connect()
    with client:
        job_id = find(client, job_id)
        if not changes:
            changes = _edited(client, job_id)
        if not changes:
            talk.note("nothing was changed")
            return
        click.echo(_new_job(client, job_id, changes, cancel_old=cancel_old))


@click.command(epilog="Example: `auractl watch $(auractl remake last Visuals s3)`.")
@job_argument
@click.argument("stage", type=click.Choice(STAGES, case_sensitive=False))
@click.argument("scene", required=False)
@cancel_old
def remake(job_id: str, stage: str, scene: str | None, cancel_old: bool) -> None:
    """Another take of a stage, of the whole video or of one scene.

    The id of a new job is printed; the old one stays as it is.
    """
    take = {"stage": stage, **({"sceneId": scene} if scene else {})}
    client, _ = daemon.connect()
    with client:
        click.echo(_new_job(client, find(client, job_id), {"remake": [take]}, cancel_old=cancel_old))


def _new_job(client: Client, job: str, changes: dict[str, Any], *, cancel_old: bool) -> str:
    asked = {"jobId": job, **changes, **({"cancelOld": True} if cancel_old else {})}
    return str(client.call("jobs.edit", asked)["jobId"])


def _changes(given: dict[str, Any], plugins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The params of `jobs.edit`, as far as options name them."""
    scene = {name: given[name] for name in OF_SCENE if given["scene"] and given[name] is not None}
    if given["scene"] and not scene:
        raise click.UsageError("Say what is to change in the scene: --text, --heading or --voice.")
    if not given["scene"] and (given["text"] is not None or given["heading"] is not None):
        raise click.UsageError("Name the --scene.")
    job = {name: given[name] for name in ("theme", "captions") if given[name]}
    if given["voice"] and not given["scene"]:
        job["voice"] = given["voice"]
    if given["max_cost"] is not None:
        job["maxCost"] = given["max_cost"]
    changes = {
        "brief": {"aspect": given["aspect"]} if given["aspect"] else {},
        "settings": job | ({"options": plugins} if plugins else {}),
        "scenes": [{"sceneId": given["scene"], **scene}] if scene else [],
        "remove": list(given["remove"]),
        "order": [each.strip() for each in given["order"].split(",")] if given["order"] else [],
    }
    return {name: change for name, change in changes.items() if change}


def _edited(client: Client, job: str) -> dict[str, Any]:
    """What somebody made of the script in an editor; nothing if it was left as it is. Raises E101."""
    before = client.call("jobs.script", {"jobId": job})
    text = click.edit(shown_script(before), extension=".json")
    if text is None:
        return {}
    after = sources.parsed_script(text, "what the editor left")
    return {"brief": {**NO_FORMAT, "script": after}} if after != before else {}
