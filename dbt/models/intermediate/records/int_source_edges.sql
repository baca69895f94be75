{{ config(materialized='view') }}

with records as (

    select org_id, kind, record_id, source
    from {{ ref('int_record_leads') }}

),

sourced as (

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

counted as (

    select
        org_id,
        kind,
        source,
        other_source,
        count(*) as edges,
        avg(match_probability)::numeric(5, 4) as average_probability
    from sourced
    group by org_id, kind, source, other_source

)

select * from counted
