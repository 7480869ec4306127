"""The demo company for tests, as a world: its people, groups and all shipped catalogs."""

from __future__ import annotations

from servicehall.clock import now
from servicehall.services import definitions, demo, directory_import

ACTOR = "system:tests"
EMPLOYEE = "mo.chen@example.com"
MANAGER = "xiaoyu.lin@example.com"
DIRECTOR = "ruolan.shen@example.com"
HR_LEAD = "qing.meng@example.com"
HR_AGENT = "min.zhou@example.com"
IT_AGENT = "hao.sun@example.com"
FACILITIES_AGENT = "gang.wu@example.com"
IT_CATALOG = "shan.gao@example.com"
AUDITOR = "zhen.ye@example.com"
ADMIN = "peng.duan@example.com"


def make_company() -> None:
    """Its people, its groups, and everything that is shipped, published."""
    directory_import.import_people((demo.FOLDER / "people.csv").read_bytes(), actor=ACTOR, at=now())
    outcome = definitions.apply_pack(
        demo.shipped_pack(), publish=True, dry_run=False, actor=ACTOR, at=now(), tried=True
    )
    assert not outcome.is_refused, [str(one) for one in outcome.problems]
