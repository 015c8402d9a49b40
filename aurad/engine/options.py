"""Plugins' options as a job has them: merged of settings, preset and its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurad.engine.catalog import Catalog
from aurad.model.errors import AuradError

Options = Mapping[str, dict[str, Any]]
WHERE = "`auractl config show plugins --origin` tells the file and line, unless the preset says it."


def check_merged(catalog: Catalog, merged: Options, own: Options) -> None:
    """Raises E102 or E104 for the first that cannot be used, and says so if the job did not name it itself."""
    try:
        catalog.check_options(dict(merged))
    except AuradError as error:
        plugin, option, *_ = *str(error.details["option"]).split("."), ""
        if plugin in own and option in ("", *own[plugin]):
            raise
        details = {**error.details, "setting": f"plugins.{plugin}.{option}"}
        detail = f"{error.detail} (so says a file of settings or the preset)"
        raise AuradError(error.code, detail, remedy=f"{WHERE} {error.remedy}", details=details) from error
