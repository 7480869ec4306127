"""The HTTP API: `/api/v1`, JSON in and out, errors as problem+json."""
