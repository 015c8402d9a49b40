"""What may become a job: parses and checks a submission once, at the edge of the engine."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

import msgspec

from aurad.engine.assets import Keep, bring_file, keep_asset, look_at
from aurad.engine.catalog import Catalog, Stage
from aurad.engine.checks import is_empty
from aurad.engine.journal import Journal
from aurad.engine.options import check_merged
from aurad.engine.providers import Providers
from aurad.engine.store import Store
from aurad.engine.task import artifacts_in
from aurad.model.artifact import Artifact
from aurad.model.brief import SOURCE_LIMIT, Brief
from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.model.job import JobSettings, Recipe
from aurad.model.recipe import Brand, Preset, brand_files, complete_brief, resolve
from aurad.model.settings import Defaults, Settings
from aurad.model.shapes import in_words
from aurad.model.stage import StageKind
from aurad.model.value import Value

T = TypeVar("T")
ASSET = "asset:"
WAYS = ("topic", "source", "script")
SHOWN = 12  # of the names that there are: one provider has two hundred voices
NAMED: tuple[tuple[str, str, StageKind, str], ...] = (  # what people call it, its setting, whose, what lists it
    ("voice", "voice", "voice", "voices"),
    ("theme", "theme", "visuals", "themes"),
    ("music", "music", "finish", "music"),
    ("caption style", "caption_style", "render", "captionStyles"),
)


class Submitted(Value, frozen=True, kw_only=True):
    """What was asked for, as it came in."""

    brief: dict[str, Any]
    settings: JobSettings


class Admission:
    """Turns a submission into a recipe, or says exactly what is wrong with it."""

    def __init__(
        self, journal: Journal, store: Store, catalog: Catalog, settings: Settings, presets: Mapping[str, Preset]
    ) -> None:
        self._journal, self._store, self._catalog = journal, store, catalog
        self.adopt(settings, presets)

    def adopt(self, settings: Settings, presets: Mapping[str, Preset]) -> None:
        """Jobs that are submitted from now on go by these."""
        self._settings, self._presets = settings, presets

    async def admit(self, params: dict[str, Any], owner: Owner, *, keep: bool = True) -> tuple[Submitted, Recipe]:
        """The submission and the recipe it comes to. `params` is `{brief, settings}`.

        Without `keep` nothing is stored: the recipe is to be looked at, not to be made.
        """
        asked = _convert(params.get("settings") or {}, JobSettings, "the settings")
        raw: dict[str, Any] = complete_brief(params.get("brief") or {}, self._settings.defaults)
        brief = await self._brief(raw, owner)
        kept = partial(keep_asset, self._journal, self._store, owner=owner) if keep else look_at
        brief = await _branded(brief, brand_files(asked, self._settings, self._presets), kept)
        recipe = resolve(brief, asked, self._settings, self._presets)
        if _names_something(asked, recipe):
            await self._check_names(asked, recipe)
        return Submitted(brief=params["brief"], settings=asked), recipe

    async def _check_names(self, asked: JobSettings, recipe: Recipe) -> None:
        """Everything that was asked for by name exists; found out now, not after minutes of work."""
        await self._catalog.load()
        check_merged(self._catalog, recipe.options, asked.options)
        for kind, names in asked.providers.items():
            for name in names:
                self._catalog.find(kind, name)
        providers = Providers(self._catalog, recipe.providers, recipe.brief.language)
        for what, member, kind, listed in NAMED:
            if getattr(asked, member):
                self._check_name(f"the {what}", getattr(asked, member), providers.all(kind), listed)
            else:  # a voice for another language than this brief's is no mistake
                there = [
                    stage for (of, name), stage in self._catalog.stages.items()
                    if of == kind and name in recipe.providers[kind]
                ]  # fmt: skip
                where = f"the {what} of the preset or of [defaults]"
                self._check_name(where, getattr(recipe, member), there, listed, setting=f"defaults.{member}")

    def _check_name(self, what: str, chosen: str, stages: Sequence[Stage], listed: str, *, setting: str = "") -> None:
        known = self._catalog.described(stages, listed)
        if chosen and known and chosen not in known:
            alike = list(dict.fromkeys([*get_close_matches(chosen, known), *known]))
            more = f" and {len(alike) - SHOWN} more" if len(alike) > SHOWN else ""
            raise AuradError(
                "E100-REQUEST", f"cannot use {what} {chosen!r}: there are {', '.join(alike[:SHOWN])}{more}",
                details={"setting": setting} if setting else {},
            )  # fmt: skip

    async def _brief(self, raw: dict[str, Any], owner: Owner) -> Brief:
        assets = [await self._asset(entry, owner) for entry in raw.get("assets") or ()]
        brief = _convert({**raw, "assets": assets}, Brief, "the brief")
        given = [way for way in WAYS if getattr(brief, way) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "nothing"
            raise AuradError("E101-BRIEF", f"cannot use a brief with {said}: it takes exactly one of {', '.join(WAYS)}")
        if brief.source is not None:
            brief = msgspec.structs.replace(brief, source=check_text(await self._text(brief.source, owner)))
        if brief.script is not None:
            await self._check_script(brief)
        return brief

    async def _asset(self, entry: Any, owner: Owner) -> dict[str, Any]:
        if not isinstance(entry, dict) or not isinstance(entry.get("asset"), str):
            raise AuradError("E101-BRIEF", f"cannot use the asset {entry!r}: it takes asset, name and role")
        artifact = await self.find_asset(entry["asset"], owner)
        rest = {key: value for key, value in entry.items() if key != "asset"}
        return {**rest, "artifact": msgspec.to_builtins(artifact)}

    async def find_asset(self, name: str, owner: Owner) -> Artifact:
        """An uploaded file of this owner by `asset:<sha256>`; raises E200."""
        rows = await self._journal.read(
            "SELECT sha256, size_bytes, media_type FROM assets WHERE sha256 = ? AND owner_uid = ?",
            name.removeprefix(ASSET), owner.uid,
        )  # fmt: skip
        if not rows or not self._store.has(rows[0][0], rows[0][1]):
            raise AuradError("E200-NO_JOB", f"cannot find {name!r}: it was not uploaded, or it was removed since")
        return Artifact(sha256=rows[0][0], size_bytes=rows[0][1], media_type=rows[0][2])

    async def _text(self, source: str, owner: Owner) -> str:
        if not source.startswith(ASSET):
            return source
        artifact = await self.find_asset(source, owner)
        if artifact.size_bytes > SOURCE_LIMIT:
            raise AuradError(
                "E105-TOO_LARGE", f"cannot use a document of {artifact.size_bytes} bytes: the limit is {SOURCE_LIMIT}"
            )
        path = await self._store.check(artifact.sha256)
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise AuradError("E101-BRIEF", f"cannot use the document: it is not UTF-8 (byte {error.start})") from error

    async def _check_script(self, brief: Brief) -> None:
        script = brief.script
        assert script is not None
        silent = next((n for n, scene in enumerate(script.scenes, 1) if is_empty(scene)), None)
        if silent or not script.scenes:
            what = f"scene {silent} says nothing" if silent else "it has no scenes"
            raise AuradError("E101-BRIEF", f"cannot use the script: {what}")
        for artifact in artifacts_in(script):
            if not self._store.has(artifact.sha256, artifact.size_bytes):
                raise AuradError(
                    "E101-BRIEF", f"cannot use the script: its picture {artifact.sha256[:12]} is not in the store"
                )


async def _branded(brief: Brief, files: Mapping[Brand, str], keep: Keep) -> Brief:
    """The brief with the settings' logo and font, where it brings none of its own."""
    own = {asset.role for asset in brief.assets}
    missing = {role: path for role, path in files.items() if path and role not in own}
    added = [await bring_file(role, path, keep) for role, path in missing.items()]
    return msgspec.structs.replace(brief, assets=(*brief.assets, *added))


def _names_something(asked: JobSettings, recipe: Recipe) -> bool:
    """Whether anything has to be looked up; a plain submission is not kept waiting for the catalogue."""
    plain = Defaults()
    named = any(getattr(recipe, member) != getattr(plain, member) for _, member, _, _ in NAMED)
    return bool(named or recipe.options or asked.providers or recipe.brief.language != plain.language)


def check_text(text: str) -> str:
    """A document's text, or E101/E105: not empty, not binary, not too large."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SOURCE_LIMIT:
        raise AuradError("E105-TOO_LARGE", f"cannot use a document of {size} bytes: the limit is {SOURCE_LIMIT}")
    if not text.strip():
        raise AuradError("E101-BRIEF", "cannot use the document: it is empty")
    if bad := next((c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t\f\v\x85"), None):
        raise AuradError(
            "E101-BRIEF", f"cannot use the document: it is binary (it holds the character U+{ord(bad):04X})"
        )
    return text


def _convert(value: Any, kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise AuradError("E100-REQUEST", f"cannot use {what}: {in_words(error)}") from error
