{# Signal types that the rules find in events, one row per event and type. `events` names a relation or CTE that has
   visitor_id, event_type and the attributes; earlier visits are looked up in int_events, as far as they were known on
   the day on which the event was received. A fallback holds where no other rule of the event's type does. #}
{% macro detected_signals(events) %}
    select distinct event_id, org_id, signal_type
    from (
        select
            events.event_id,
            events.org_id,
            rules.signal_type,
            rules.is_fallback,
            bool_or(not rules.is_fallback) over (partition by events.org_id, events.event_id) as is_specific
        from {{ events }} as events
        inner join {{ ref('signal_rules') }} as rules
            on events.event_type = rules.event_type
            and (rules.property is null or case rules.property
                when 'url' then events.url_path
                when 'form_type' then events.form_type
                when 'result' then events.result
            end ~ rules.pattern)
            and (rules.again_within_days is null or exists (
                select 1
                from {{ ref('int_events') }} as earlier
                where earlier.org_id = events.org_id
                    and earlier.visitor_id = events.visitor_id
                    and earlier.event_type = events.event_type
                    and earlier.occurred_at < date_trunc('day', events.occurred_at, 'UTC')
                    and earlier.occurred_at >= events.occurred_at - make_interval(days => rules.again_within_days)
                    and earlier.received_at < date_trunc('day', events.received_at, 'UTC') + interval '1 day'
            ))
    ) as found
    where not is_fallback or not is_specific
{% endmacro %}

{# Start of the fixed window of `minutes` that a time lies in. #}
{% macro window_start(at, minutes) -%}
    date_bin(make_interval(mins => {{ minutes }}), {{ at }}, timestamptz '2000-01-01 00:00:00+00')
{%- endmacro %}

{# Pre-hook of int_signals: signals whose visitor belongs to another lead now, or to none. #}
{% macro drop_moved_signals() %}
    {%- if is_incremental() %}
    delete from {{ this }} as signals
    using {{ ref('int_visitor_leads') }} as visitors
    where signals.org_id = visitors.org_id
        and signals.visitor_id = visitors.visitor_id
        and signals.lead_id is distinct from visitors.lead_id
        and visitors.attached_at > (select coalesce(max(built_at), '-infinity') from {{ this }})
    {%- else %}
    select 1
    {%- endif %}
{% endmacro %}

{# Post-hook of int_event_signals: a function that finds the signals of events that have just arrived, by the same rules,
   before any build. Its body is text, so that it goes on when a build replaces the tables it reads. #}
{% macro create_arriving_signals() %}
drop function if exists {{ this.schema }}.arriving_signals(text, text []);
create function {{ this.schema }}.arriving_signals(wanted_org text, wanted_events text [])
returns table (
    org_id text, lead_id uuid, event_id text, signal_type text, occurred_at timestamptz, received_at timestamptz
)
language sql stable as $body$
    with events as (
        select arrived.*, {{ visitor_id('arrived') }} as visitor_id, {{ event_attributes('arrived.properties') }}
        from ops.arrived_events as arrived
        where arrived.org_id = wanted_org and arrived.event_id = any(wanted_events)
    ),
    named as ({{ named_identities('events') }}),
    known as ({{ known_identities() }}),
    identities as ({{ unambiguous_identities('named', 'known') }}),
    resolved as ({{ with_lead('events', 'identities') }}),
    detected as ({{ detected_signals('events') }})
    select
        resolved.org_id, resolved.lead_id, resolved.event_id, detected.signal_type, resolved.occurred_at,
        resolved.received_at
    from resolved
    inner join detected using (org_id, event_id)
    where resolved.lead_id is not null
$body$
{% endmacro %}

{# CTEs `built` and `touched` of int_signals: the windows in which anything may have changed since it last added rows.
   Those of new events, and for visitors that belong elsewhere now all of theirs, where they are and where they were. #}
{% macro touched_windows() -%}
built as (

    select coalesce(max(built_at), '-infinity') as until from {{ this }}

),

touched as (

    select org_id, visitors.lead_id, signals.signal_type, signals.window_start
    from signals
    inner join visitors using (org_id, visitor_id)
    where signals.loaded_at > (select until from built) and visitors.lead_id is not null
    union
    select org_id, sides.lead_id, signals.signal_type, signals.window_start
    from visitors
    inner join signals using (org_id, visitor_id)
    cross join lateral (values (visitors.lead_id), (visitors.previous_lead_id)) as sides (lead_id)
    where visitors.attached_at > (select until from built) and sides.lead_id is not null

),
{%- endmacro %}
