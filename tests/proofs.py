"""How often the long proofs try: a few rounds and cases in the normal run, many in `make proof`, from one seed.

A test that shows a row of `scripts/proof.py` carries `@pytest.mark.proves("R3")`. What is held against an oracle draws
from `SAMPLE_SEED`: another one in each run, printed at its beginning; PROOF_SEED chooses it.
"""

from __future__ import annotations

import os
import random

LONG = "PROOF_LONG" in os.environ
SEED = int(os.environ.get("PROOF_SEED", "20261122"))
SAMPLE_SEED = int(os.environ.setdefault("PROOF_SAMPLE", os.environ.get("PROOF_SEED") or str(random.randrange(10**8))))
ROUNDS = 200 if LONG else 25
KILLS = 50 if LONG else 15
chance = random.Random(SEED)
