"""THE TABLE: every operation once, with its parameters, result, role, REST route and what it does.

JSON-RPC, REST, the OpenAPI document and the reference pages come from it.
"""

from aurad.serve import logs, metrics, samples  # noqa: F401
from aurad.serve.operations import (  # noqa: F401  # each enters its own
    catalogue,
    configuration,
    edit,
    files,
    installing,
    jobs,
    life,
    plugins,
    secrets,
    system,
    trying,
    web,
)
from aurad.serve.operations.files import INLINE as INLINE
from aurad.serve.operations.table import TABLE as TABLE
from aurad.serve.operations.table import ByJob as ByJob
from aurad.serve.operations.table import Call as Call
from aurad.serve.operations.table import Nothing as Nothing
from aurad.serve.operations.table import Operation as Operation
from aurad.serve.operations.table import Result as Result
from aurad.serve.operations.table import Route as Route
from aurad.serve.operations.table import operation as operation
from aurad.serve.operations.table import visible as visible
