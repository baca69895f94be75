{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with states as (

    select * from {{ ref('int_score_states') }}

),

factors as (

    select
        states.org_id,
        states.lead_id,
        states.as_of,
        factor_values.*
    from states
    cross join lateral ({{ factor_values('states', 'states.as_of') }}) as factor_values
    where factor_values.decayed_points <> 0

),

{{ ledger_rows('factors') }}

select * from ledger_rows
