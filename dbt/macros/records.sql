{# The record versions that `int_record_leads` says are current, each with its lead and its place in it. #}
{% macro current_records(versions, kind) %}
select
    versions.*,
    record_leads.lead_id,
    record_leads.mapped_at,
    record_leads.first_fetched_at,
    record_leads.record_count,
    record_leads.record_number,
    record_leads.is_latest_of_provider
from {{ versions }} as versions
inner join {{ ref('int_record_leads') }} as record_leads
    using (org_id, record_id, payload_hash, source, partition_date)
where record_leads.kind = '{{ kind }}'
{% endmacro %}
