{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['org_id', 'lead_id', 'valid_from'],
    on_schema_change='append_new_columns',
) }}

with observed as (

    select * from {{ ref('int_lead_facts_observed') }}

),

known as (

    {% if is_incremental() %}
    select distinct on (lead_id, org_id)
        org_id,
        lead_id,
        valid_from,
        facts_hash
    from {{ this }}
    order by lead_id, org_id, valid_from desc
    {% else %}
    select org_id, lead_id, valid_from, facts_hash
    from observed
    where false
    {% endif %}

),

changed as (

    select
        observed.org_id,
        observed.lead_id,
        -- A change nothing newer explains (an erased record, a corrected rule) restates the last row.
        greatest(observed.valid_from, known.valid_from) as valid_from,
        {% for fact in fact_columns() -%}
        observed.{{ fact }},
        {% endfor -%}
        observed.facts_hash
    from observed
    left join known using (org_id, lead_id)
    -- Only a lead whose facts differ from what we last knew gets a row, so a second build appends nothing.
    where observed.facts_hash is distinct from known.facts_hash

)

select * from changed
