-- What was known of a lead on a day: the facts as of then, which is what rules and features may use for that day.
select distinct on (org_id, lead_id)
    org_id,
    lead_id,
    valid_from,
    vertical,
    rating,
    review_count,
    employees_range,
    tech_signals,
    is_domain_verified,
    has_phone
from {{ ref('lead_facts_history') }}
where org_id = 'default' and valid_from <= timestamptz '2026-12-31'
order by org_id, lead_id, valid_from desc
