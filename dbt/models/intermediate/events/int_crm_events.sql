{{ config(materialized='view') }}

-- A CRM says where a deal stands, not that it moved: a move is the difference of two versions.
with moves as (

    select
        *,
        lag(stage) over (partition by org_id, deal_id order by received_at, partition_date, source) as previous_stage
    from {{ ref('stg_lake__deal_versions') }}

),

stage_changes as (

    select
        moves.*,
        'crm' as origin,
        'deal:' || deal_id || ':' || moves.stage || ':' || extract(epoch from received_at) as event_id,
        'crm_stage_change' as event_type,
        coalesce(case when not is_open then closed_at end, received_at) as occurred_at,
        jsonb_build_object(
            'deal_id', deal_id, 'from', previous_stage, 'to', moves.stage,
            'direction', case when now_at.position > before.position then 'advanced' else 'regressed' end
        ) as properties
    from moves
    inner join {{ ref('deal_stages') }} as now_at on moves.stage = now_at.stage
    inner join {{ ref('deal_stages') }} as before on moves.previous_stage = before.stage
    where moves.stage <> moves.previous_stage

),

activities as (

    select
        *,
        'crm' as origin,
        'activity:' || activity_id as event_id,
        'crm_' || activity_type as event_type,
        jsonb_build_object('activity_id', activity_id, 'deal_id', deal_id, 'result', result) as properties
    from {{ ref('stg_lake__activities') }}

),

outcomes as (

    select
        *,
        'crm' as origin,
        'outcome:' || outcome_id as event_id,
        'crm_' || outcome as event_type,
        jsonb_build_object('outcome_id', outcome_id, 'deal_id', deal_id, 'reason', reason) as properties
    from {{ ref('stg_lake__outcomes') }}

),

unioned as (

    {%- for stream in ['stage_changes', 'activities', 'outcomes'] %}
    select {{ event_columns() | join(', ') }} from {{ stream }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
