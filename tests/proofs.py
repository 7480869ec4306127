"""How often the tests of durability try: a few rounds in the normal run, many in `make proof`, from one seed.

A test that shows a row of the table of durability carries `@pytest.mark.proves("R3")`; `scripts/proof.py` runs these.
"""

from __future__ import annotations

import os
import random

LONG = "PROOF_LONG" in os.environ
SEED = int(os.environ.get("PROOF_SEED", "20261122"))
ROUNDS = 200 if LONG else 25
KILLS = 50 if LONG else 15
chance = random.Random(SEED)
