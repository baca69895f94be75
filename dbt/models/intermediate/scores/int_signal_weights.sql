{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unlogged=false,
    full_refresh=false,
    indexes=[{'columns': ['rules_version', 'org_id', 'signal_type'], 'unique': true}],
) }}

with tenants as (

    select distinct org_id from {{ ref('int_lead_facts_observed') }}

),

weighed as (

    select
        {{ rules_version() }} as rules_version,
        tenants.org_id,
        types.signal_type,
        types.category,
        types.signal_tier,
        types.alert_priority,
        coalesce(overrides.decay_model, types.decay_model) as decay_model,
        coalesce(overrides.decay_hours, types.decay_hours) as decay_hours,
        coalesce(overrides.weight, types.weight) as weight,
        coalesce(overrides.points, types.points) as points
    from tenants
    cross join {{ ref('signal_types') }} as types
    left join {{ ref('signal_type_overrides') }} as overrides using (org_id, signal_type)

)

select * from weighed
{% if is_incremental() %}
where (rules_version, org_id) not in (select distinct rules_version, org_id from {{ this }})
{% endif %}
