{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with records as (

    select * from {{ ref('int_records_current') }}

),

labels as (

    select
        records.org_id,
        records.lead_id,
        given.kind,
        given.label
    from records
    cross join lateral (
        select 'tech_signal' as kind, unnest(records.tech_signals) as label
        union all
        select 'tag', unnest(records.tags)
        union all
        select 'jurisdiction', unnest(records.jurisdictions)
        union all
        select 'name', unnest(records.alt_names)
        union all
        select 'name', case when records.record_count > 1 then records.name end
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
    group by org_id, lead_id

)

select * from collected
