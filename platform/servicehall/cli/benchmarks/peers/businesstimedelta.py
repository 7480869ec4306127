"""Due moments of 40 working hours, counted by businesstimedelta."""

# /// script
# dependencies = ["businesstimedelta==1.0.1", "holidays==0.109", "pytz==2026.6"]
# [tool.servicehall]
# peer = "businesstimedelta 1.0.1"
# [tool.servicehall.goals]
# due_moments = "100 or more"
# ///
from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from datetime import time as clock

import businesstimedelta
import holidays
import pytz

SHANGHAI = pytz.timezone("Asia/Shanghai")
HOURS = businesstimedelta.Rules(
    [
        businesstimedelta.WorkDayRule(clock(9), clock(18), [0, 1, 2, 3, 4], tz=SHANGHAI),
        businesstimedelta.LunchTimeRule(clock(12), clock(13, 30), [0, 1, 2, 3, 4], tz=SHANGHAI),
        businesstimedelta.HolidayRule(holidays.country_holidays("CN"), tz=SHANGHAI),
    ]
)
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def due() -> datetime:
    found: datetime = START + businesstimedelta.BusinessTimeDelta(HOURS, hours=40)
    return found


def main(seconds: float) -> None:
    result = due()
    began, done, passed = time.perf_counter(), 0, 0.0
    while passed < seconds:
        due()
        done += 1
        passed = time.perf_counter() - began
    print(json.dumps({"done": done, "seconds": passed, "result": str(result.astimezone(UTC))}))


if __name__ == "__main__":
    main(float(sys.argv[2]))
