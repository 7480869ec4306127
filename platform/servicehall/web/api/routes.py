"""Every call of the API, registered by being imported here."""

from servicehall.web.api import (  # noqa: F401 - each registers its calls
    approvals,
    audit,
    authoring,
    background,
    definitions,
    delegations,
    openapi,
    parts,
    publishing,
    recomputation,
    requests,
    services,
    tasks,
    uploads,
    who,
)
from servicehall.web.api.calls import api

__all__ = ["api"]
