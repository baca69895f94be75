-- The edges that made one lead out of several records, the strongest first, with the weight of each comparison.
select
    leads.name,
    records_l.provider || ':' || records_l.provider_key as one_record,
    records_r.provider || ':' || records_r.provider_key as other_record,
    round(edges.match_probability::numeric, 4) as probability,
    edges.rule,
    edges.weights
from {{ source('lake', 'merge_graph') }} as edges
inner join {{ ref('int_records_current') }} as records_l
    on edges.org_id = records_l.org_id and edges.record_id_l = records_l.record_id
inner join {{ ref('int_records_current') }} as records_r
    on edges.org_id = records_r.org_id and edges.record_id_r = records_r.record_id
inner join {{ ref('dim_lead') }} as leads
    on records_l.org_id = leads.org_id and records_l.lead_id = leads.lead_id
where edges.org_id = 'default' and edges.kind = 'business' and leads.domain = 'example.com'
order by leads.lead_id, edges.match_weight desc
