{{ config(materialized='incremental', incremental_strategy='append', unlogged=false, full_refresh=false) }}

with present as (

    select
        {{ rules_version() }} as rules_version,
        days as quiet_days,
        share as quiet_share
    from {{ ref('quiet_periods') }}

),

latest as (

    {% if is_incremental() %}
    select rules_version, true as is_known
    from {{ this }}
    order by valid_from desc
    limit 1
    {% else %}
    select null::text as rules_version, false as is_known
    {% endif %}

),

-- The first rules hold for all time before, others from when we knew them.
changed as (

    select
        present.*,
        case when latest.is_known then now() else '-infinity' end::timestamptz as valid_from
    from present
    cross join latest
    where present.rules_version is distinct from latest.rules_version

)

select * from changed
