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

other_sources as (

    select
        org_id,
        kind,
        source as other_source,
        records as other_records,
        leads as other_leads
    from sources

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

sourced_edges as (

    select
        graph.org_id,
        graph.kind,
        least(records_l.source, records_r.source) as source,
        greatest(records_l.source, records_r.source) as other_source,
        graph.match_probability
    from {{ source('lake', 'merge_graph') }} as graph
    inner join records as records_l
        on graph.record_id_l = records_l.record_id and graph.org_id = records_l.org_id and graph.kind = records_l.kind
    inner join records as records_r
        on graph.record_id_r = records_r.record_id and graph.org_id = records_r.org_id and graph.kind = records_r.kind

),

edges as (

    select
        org_id,
        kind,
        source,
        other_source,
        count(*) as edges,
        avg(match_probability)::numeric(5, 4) as average_probability
    from sourced_edges
    group by org_id, kind, source, other_source

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
        org_id,
        kind,
        source,
        other_source,
        one.records,
        other.other_records,
        one.leads,
        other.other_leads,
        coalesce(shared.shared_leads, 0) as shared_leads,
        (coalesce(shared.shared_leads, 0)::numeric / least(one.leads, other.other_leads))::numeric(5, 4) as shared_rate,
        case when source = other_source then one.records - one.leads end as repeated_records,
        coalesce(edges.edges, 0) as edges,
        edges.average_probability
    from pairs
    inner join sources as one using (org_id, kind, source)
    inner join other_sources as other using (org_id, kind, other_source)
    left join shared using (org_id, kind, source, other_source)
    left join edges using (org_id, kind, source, other_source)

)

select * from joined
