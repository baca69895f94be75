-- Keys only: the wide versions are never sorted, they are joined once to the keys this model chooses. Ids come first in
-- each sort, because they alone decide nearly every comparison.
with versions as (

    {%- for kind, model in {'business': 'stg_lake__records', 'person': 'stg_lake__contacts'}.items() %}
    select org_id, '{{ kind }}' as kind, record_id, provider, payload_hash, source, partition_date, fetched_at
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

latest as (

    select distinct on (record_id, org_id, kind)
        versions.*,
        min(fetched_at) over (partition by record_id, org_id, kind) as first_fetched_at
    from versions
    order by record_id, org_id, kind, fetched_at desc, partition_date desc, source, payload_hash

),

-- Resolution says which lead a record is of; the few that enrichment brought are placed by a rule of their own.
leads as (

    select lead_map.org_id, lead_map.kind, lead_map.record_id, lead_map.lead_id, lead_map.valid_from as mapped_at
    from {{ ref('int_lead_map_current') }} as lead_map
    left join {{ ref('int_answer_leads') }} as answers using (org_id, kind, record_id)
    where answers.record_id is null
    union all
    select org_id, kind, record_id, lead_id, mapped_at
    from {{ ref('int_answer_leads') }}

),

mapped as (

    select
        latest.*,
        leads.lead_id,
        leads.mapped_at
    from latest
    inner join leads using (org_id, kind, record_id)

),

numbered as (

    select
        org_id,
        kind,
        record_id,
        payload_hash,
        source,
        partition_date,
        lead_id,
        mapped_at,
        first_fetched_at,
        count(*) over (partition by lead_id, org_id, kind) as record_count,
        row_number() over lead_by_recency as record_number,
        row_number() over provider_by_recency = 1 as is_latest_of_provider
    from mapped
    window
        lead_by_recency as (partition by lead_id, org_id, kind order by fetched_at desc, provider, record_id),
        provider_by_recency as (partition by lead_id, org_id, kind, provider order by fetched_at desc, record_id)

)

select * from numbered
