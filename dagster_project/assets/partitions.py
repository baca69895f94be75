"""How time and campaigns are cut: UTC days, and a partition per campaign file.

Here rather than in `automation`, because assets may not import upwards.
"""

import warnings

import dagster as dg

# end_offset: today is a partition too, because files are landed on the day they come.
DAILY = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC", end_offset=1)

# Kept in step with data/campaigns by the sensor of `automation.campaigns`.
CAMPAIGNS = dg.DynamicPartitionsDefinition(name="campaigns")
CAMPAIGN_DAYS = dg.MultiPartitionsDefinition({"campaign": CAMPAIGNS, "day": DAILY})

with warnings.catch_warnings():
    # beta in Dagster 1.13: every command would warn of it
    warnings.simplefilter("ignore", dg.BetaWarning)
    # A day's table holds what every campaign's partition of that day brought.
    OF_THE_DAY = dg.MultiToSingleDimensionPartitionMapping("day")
