"""The entry point from a checkout: `python app.py` runs web and worker; WSGI servers take `app:app`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "platform"))

if __name__ == "__main__":
    from servicehall.cli import main

    main(sys.argv[1:] or ["run"])
else:
    from servicehall import create_app

    app = create_app()
