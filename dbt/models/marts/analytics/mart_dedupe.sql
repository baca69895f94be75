with records as (

    select org_id, kind, record_id, source, lead_id, record_count
    from {{ ref('int_record_leads') }}

),

by_lead as (

    select
        org_id,
        kind,
        lead_id,
        source,
        count(*) as records,
        bool_or(record_count > 1) as is_merged
    from records
    group by lead_id, org_id, kind, source

),

sources as (

    select
        org_id,
        kind,
        source,
        sum(records)::bigint as records,
        count(*) as leads
    from by_lead
    group by org_id, kind, source

),

-- A source with itself: the leads that it has several records of.
shared as (

    select
        one.org_id,
        one.kind,
        one.source,
        other.source as other_source,
        count(*) as shared_leads
    from by_lead as one
    inner join by_lead as other using (lead_id, org_id, kind)
    where
        one.is_merged
        and (one.source < other.source or (one.source = other.source and one.records > 1))
    group by one.org_id, one.kind, one.source, other.source

),

edges as (

    select * from {{ ref('int_source_edges') }}

),

pairs as (

    select org_id, kind, source, source as other_source
    from sources
    union
    select org_id, kind, source, other_source
    from shared

),

joined as (

    select
        pairs.org_id,
        pairs.kind,
        pairs.source,
        pairs.other_source,
        one.records,
        other.records as other_records,
        one.leads,
        other.leads as other_leads,
        coalesce(shared.shared_leads, 0) as shared_leads,
        (coalesce(shared.shared_leads, 0)::numeric / least(one.leads, other.leads))::numeric(5, 4) as shared_rate,
        case when pairs.source = pairs.other_source then one.records - one.leads end as repeated_records,
        coalesce(edges.edges, 0) as edges,
        edges.average_probability
    from pairs
    inner join sources as one using (org_id, kind, source)
    left join shared using (org_id, kind, source, other_source)
    left join edges using (org_id, kind, source, other_source)
    inner join sources as other
        on pairs.org_id = other.org_id and pairs.kind = other.kind and pairs.other_source = other.source

)

select * from joined
