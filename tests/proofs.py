"""How often the tests that prove try: a few rounds in the normal run, many in `make proof`, from one seed.

A test that shows a row of the table in `scripts/proof.py` carries `@pytest.mark.proves("R3")`, and is run by it.
"""

from __future__ import annotations

import os
import random

LONG = "PROOF_LONG" in os.environ
SEED = int(os.environ.get("PROOF_SEED", "20261122"))
ROUNDS = 200 if LONG else 25
KILLS = 50 if LONG else 15
chance = random.Random(SEED)
