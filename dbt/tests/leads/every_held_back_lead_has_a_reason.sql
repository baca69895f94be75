-- A person must be able to see why a lead is not delivered, and a reason without a hold would be forgotten.
select org_id, lead_id
from {{ ref('dim_lead') }}
where is_held_back <> (cardinality(hold_reasons) > 0)
