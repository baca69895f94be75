"""The SQL of `automation_run.py`: what has happened to whom, one statement per trigger, and the log.

Every statement gives lead_id, the day it happened on, and why. Only the last days are looked at, so that an automation
that is new does not answer a whole history.
"""

THRESHOLD = """
select lead_id, scored_on as day,
  kind || ' ' || threshold || ' crossed ' || direction || 'wards on ' || scored_on as because
from marts.fct_threshold_crossings
where org_id = %(org)s and scored_on > current_date - %(look_back)s::int
  and kind = %(kind)s and threshold = %(name)s and direction = %(direction)s
"""

SIGNAL = """
select lead_id, (received_at at time zone 'UTC')::date as day, replace(signal_type, '_', ' ') || ' on '
  || (occurred_at at time zone 'UTC')::date as because
from intermediate.int_signals
where org_id = %(org)s and signal_type = any(%(types)s)
  and received_at > now() - make_interval(days => %(look_back)s::int)
  and occurred_at > now() - make_interval(days => %(look_back)s::int)
"""

ENGAGEMENT_STAGE = """
select lead_id, scored_on as day, 'stage ' || engagement_stage || ' on ' || scored_on as because
from marts.fct_threshold_crossings
where org_id = %(org)s and scored_on > current_date - %(look_back)s::int
  and kind = 'engagement_stage' and engagement_stage = any(%(to)s) and engagement_stage is distinct from previous_stage
"""

DEAL_STAGE = """
select events.lead_id, (events.received_at at time zone 'UTC')::date as day,
  'deal ' || (told.properties ->> 'deal_id') || ' at ' || (told.properties ->> 'to') as because
from intermediate.int_events_leads as events
inner join intermediate.int_crm_events as told using (org_id, event_id)
where org_id = %(org)s and events.event_type = 'crm_stage_change' and events.lead_id is not null
  and events.received_at > now() - make_interval(days => %(look_back)s::int)
  and told.properties ->> 'to' = any(%(to)s)
"""

# The day is that of the last event: a lead that goes quiet is answered once, until it is heard of again.
INACTIVITY = """
select lead_id, (last_event_at at time zone 'UTC')::date as day,
  (last_event_at at time zone 'UTC')::date::text as because
from marts.fct_lead_intelligence
where org_id = %(org)s and last_event_at <= now() - make_interval(days => %(days)s)
  and last_event_at > now() - make_interval(days => %(days)s + %(look_back)s::int)
"""

# `bucket` is the first day of the lead's `once_in_days`; of several happenings in one the first is answered.
RUN = """
with happened as ({trigger}),
judged as (
  select distinct on (happened.lead_id, bucket.day)
    happened.lead_id, bucket.day as bucket, happened.because, leads.is_held_back,
    case when leads.lead_kind = 'company' then leads.name end as name, leads.city,
    scores.lead_score, scores.grade, scores.priority_tier, scores.intent_tier, scores.engagement_stage,
    scores.engagement_points, scores.velocity, scores.risk, scores.next_action
  from happened
  cross join lateral (select happened.day - (happened.day - date '2000-01-01') %% %(once_in_days)s as day) as bucket
  inner join marts.fct_lead_intelligence as scores on scores.org_id = %(org)s and scores.lead_id = happened.lead_id
  inner join marts.dim_lead as leads on leads.org_id = %(org)s and leads.lead_id = happened.lead_id
  where (%(min_score)s::numeric is null or scores.lead_score >= %(min_score)s)
    and (%(max_score)s::numeric is null or scores.lead_score <= %(max_score)s)
    and (%(grades)s::text[] is null or scores.grade = any(%(grades)s))
    and (%(stages)s::text[] is null or scores.engagement_stage = any(%(stages)s))
    and (%(risks)s::text[] is null or scores.risk = any(%(risks)s))
    and (%(verticals)s::text[] is null or leads.vertical = any(%(verticals)s))
    and (%(countries)s::text[] is null or leads.country = any(%(countries)s))
  order by happened.lead_id, bucket.day, happened.day, happened.because
),
logged as (
  insert into ops.automation_runs as runs (org_id, automation, lead_id, bucket, state, because, actions)
  select %(org)s, %(automation)s, lead_id, bucket,
    case when is_held_back then 'held' when %(actions)s = 0 then 'nothing' else 'done' end,
    because, case when is_held_back then 0 else %(actions)s end
  from judged
  order by lead_id, bucket
  on conflict (org_id, automation, lead_id, bucket) do nothing
  returning lead_id, bucket, state
)
select judged.*, logged.state from judged inner join logged using (lead_id, bucket) order by lead_id, bucket
"""
