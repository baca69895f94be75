{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['org_id', 'event_id'],
    on_schema_change='fail',
    indexes=[
        {'columns': ['org_id', 'event_id'], 'unique': true},
        {'columns': ['org_id', 'visitor_id', 'event_type', 'occurred_at']},
        {'columns': ['loaded_at']},
    ],
) }}
{% set loaded_at = read_at() %}

with received as (

    select {{ event_columns() | join(', ') }} from {{ ref('stg_lake__events') }}
    where {{ is_newly_loaded('events') }}
    union all
    select {{ event_columns() | join(', ') }} from {{ ref('int_crm_events') }}
    union all
    select {{ event_columns() | join(', ') }} from {{ ref('int_third_party_events') }}
    where {{ is_newly_loaded('source_changes') }}

),

-- An event is received again when a file is: the first time counts, because as-of questions ask when we knew.
firsts as (

    select distinct on (org_id, event_id) *
    from received
    order by org_id, event_id, received_at, partition_date, source

),

fresh as (

    select firsts.*
    from firsts
    {% if is_incremental() %}
    left join {{ this }} as known using (org_id, event_id)
    where known.event_id is null or firsts.received_at < known.received_at
    {% endif %}

),

described as (

    select
        {{ event_columns() | reject('equalto', 'properties') | join(',\n        ') }},
        {{ visitor_id('fresh') }} as visitor_id,
        {{ event_attributes('properties') }},
        {{ loaded_at }} as loaded_at
    from fresh

)

select * from described
