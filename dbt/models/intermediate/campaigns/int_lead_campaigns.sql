{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

-- Any version counts, not only the latest: two campaigns may find the same object of a provider, and the version of the
-- one that looked last is the current one. A source with a dot is a campaign's or enrichment's; no file's has one.
with found as (

    {%- for kind, model in {'business': 'stg_lake__records', 'person': 'stg_lake__contacts'}.items() %}
    select distinct org_id, record_id, '{{ kind }}' as kind, split_part(source, '.', 1) as campaign_id
    from {{ ref(model) }}
    where strpos(source, '.') > 0 and not {{ is_enrichment('source') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

people as (

    select * from {{ ref('int_contact_lead') }}

),

-- A company is in the campaigns of its own records; that somebody who works there was found does not put it into one.
leads as (

    select distinct
        found.org_id,
        lead_map.lead_id,
        found.campaign_id
    from found
    inner join {{ ref('int_lead_map_current') }} as lead_map using (org_id, kind, record_id)
    left join people
        on found.kind = 'person' and lead_map.org_id = people.org_id and lead_map.lead_id = people.contact_id
    where found.kind = 'business' or people.lead_kind = 'person'

)

select * from leads
