{# One row per lead and e-mail of the records: its type, whether any provider verified it, and who says so best. #}
{% macro lead_emails(records) %}
select
    org_id,
    lead_id,
    email,
    max(email_type) as email_type,
    max(email_domain) as email_domain,
    bool_or(coalesce(email_verified, false)) as is_verified,
    max(coalesce((provenance -> 'email')::numeric, 0)) as confidence,
    (array_agg(provider order by (provenance -> 'email')::numeric desc nulls last, record_number))[1] as provider
from {{ records }}
where email is not null
group by lead_id, org_id, email
{% endmacro %}

{# One row per lead and phone of the records. `columns` maps a phone column to its type, as an SQL expression. #}
{% macro lead_phones(records, columns) %}
select
    records.org_id,
    records.lead_id,
    phones.phone,
    min(phones.phone_type) as phone_type,
    max(coalesce((records.provenance -> phones.field)::numeric, 0)) as confidence,
    (array_agg(
        records.provider
        order by (records.provenance -> phones.field)::numeric desc nulls last, records.record_number
    ))[1] as provider
from {{ records }} as records
cross join lateral (values
    {%- for column, type in columns.items() %}
    ('{{ column }}', records.{{ column }}, {{ type }}){{ ',' if not loop.last }}
    {%- endfor %}
) as phones (field, phone, phone_type)
where phones.phone is not null
group by records.lead_id, records.org_id, phones.phone
{% endmacro %}

{# Aggregates of `emails` joined to `survivors`: the surviving value comes first, then by confidence. #}
{% macro email_list() -%}
    jsonb_agg(
        jsonb_build_object(
            'value', emails.email, 'type', emails.email_type,
            'verified', emails.is_verified, 'provider', emails.provider
        )
        order by emails.email = survivors.email desc, emails.confidence desc, emails.email
    )
{%- endmacro %}

{% macro phone_list() -%}
    jsonb_agg(
        jsonb_build_object('value', phones.phone, 'type', phones.phone_type, 'provider', phones.provider)
        order by
            phones.phone = survivors.phone desc, phones.phone_type = 'fax', phones.confidence desc, phones.phone
    )
{%- endmacro %}
