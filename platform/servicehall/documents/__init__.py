"""Documents: what administrators author; read, checked, compared and resolved into releases, without a database."""
