{{ config(materialized='view') }}
{% set fields = ['name', 'domain', 'email', 'phone', 'address'] %}
{% set models = {
    'business': ('int_records_current', ['name', 'domain', 'email', 'phone', 'address_line1']),
    'person': ('int_contacts_current', ['last_name', 'company_domain', 'email', 'phone', 'address_line1']),
} %}

{%- for kind, (model, columns) in models.items() %}
select
    org_id,
    source,
    provider,
    '{{ kind }}' as kind,
    lead_id,
    record_count > 1 as is_merged,
    fetched_at,
    {%- for column in columns %}
    ({{ column }} is not null)::int as has_{{ fields[loop.index0] }},
    (provenance -> '{{ column }}')::double precision as {{ fields[loop.index0] }}_confidence
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ ref(model) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
