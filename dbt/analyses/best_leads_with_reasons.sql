-- The ten best leads of a tenant, why they score as they do, and whom to call.
select
    name,
    lead_score,
    grade,
    score_reasons,
    best_contact_name,
    best_contact_title,
    coalesce(best_contact_phone, phone) as call,
    last_event_at
from {{ ref('dim_lead') }}
where org_id = 'default'
order by lead_score desc, data_quality_score desc, lead_id
limit 10
