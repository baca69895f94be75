{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unlogged=false,
    full_refresh=false,
    indexes=[{'columns': ['rules_version', 'org_id', 'factor'], 'unique': true}],
) }}

with rules as (

    select * from {{ ref('scoring_rules') }}

),

tenants as (

    select distinct rules_version, org_id from {{ ref('int_signal_weights') }}
    where rules_version = {{ rules_version() }}

),

factors as (

    select
        tenants.rules_version,
        tenants.org_id,
        rules.profile || '.' || rules.rule as factor,
        rules.profile,
        rules.rule,
        rules.component,
        rules.points,
        rules.signal_type,
        rules.occurrence,
        case when rules.window_hours is not null then 'window' else signals.decay_model end as decay_model,
        coalesce(rules.window_hours, signals.decay_hours) as decay_hours,
        rules.reason
    from tenants
    cross join rules
    left join {{ ref('int_signal_weights') }} as signals using (rules_version, org_id, signal_type)

)

select * from factors
{% if is_incremental() %}
where (rules_version, org_id) not in (select distinct rules_version, org_id from {{ this }})
{% endif %}
