{{ config(materialized='view') }}

with factors as (

    select
        history.org_id,
        history.lead_id,
        history.as_of,
        factor_values.*
    from {{ ref('fct_score_history') }} as history
    cross join lateral ({{ factor_values('history', 'history.as_of') }}) as factor_values

),

{{ ledger_rows('factors') }}

select * from ledger_rows
