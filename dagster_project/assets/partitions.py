"""The one way time is cut: UTC days. Here rather than in `automation`, because assets may not import upwards."""

import dagster as dg

# end_offset: today is a partition too, because files are landed on the day they come.
DAILY = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC", end_offset=1)
