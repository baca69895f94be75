{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with records as (

    select * from {{ ref('int_records_current') }}

),

lone as (

    -- Nothing to unite, as for most leads.
    select
        org_id,
        lead_id,
        tech_signals,
        tags,
        jurisdictions,
        alt_names as names
    from records
    where record_count = 1 and coalesce(tech_signals, tags, jurisdictions, alt_names) is not null

),

merged as (

    select * from records
    where record_count > 1

),

labels as (

    select
        merged.org_id,
        merged.lead_id,
        given.kind,
        given.label
    from merged
    cross join lateral (
        select 'tech_signal' as kind, unnest(merged.tech_signals) as label
        union all
        select 'tag', unnest(merged.tags)
        union all
        select 'jurisdiction', unnest(merged.jurisdictions)
        union all
        select 'name', unnest(merged.alt_names)
        union all
        select 'name', merged.name
    ) as given
    where given.label is not null

),

collected as (

    select
        org_id,
        lead_id,
        array_agg(distinct label order by label) filter (where kind = 'tech_signal') as tech_signals,
        array_agg(distinct label order by label) filter (where kind = 'tag') as tags,
        array_agg(distinct label order by label) filter (where kind = 'jurisdiction') as jurisdictions,
        array_agg(distinct label order by label) filter (where kind = 'name') as names
    from labels
    group by lead_id, org_id

)

select * from lone
union all
select * from collected
