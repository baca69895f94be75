{# The identities that a stream's rows name, one row per identity: type and value as text. #}
{% macro named_identities(stream) %}
    select stream.org_id, named.identity_type, named.identity_value
    from {{ stream }} as stream
    cross join lateral (values
        ('lead_id', stream.identity_lead_id::text),
        ('company_key', stream.identity_company_key),
        ('email', stream.identity_email),
        ('domain', stream.identity_domain)
    ) as named (identity_type, identity_value)
    where named.identity_value is not null
{% endmacro %}

{# A stream's rows with their lead; null where nothing that the row names is known. The most specific identity wins. #}
{% macro with_lead(stream) %}
with identities as (

    select * from {{ ref('int_lead_identities') }}

),

resolved as (

    select
        stream.*,
        coalesce(by_lead_id.lead_id, by_company_key.lead_id, by_email.lead_id, by_domain.lead_id) as lead_id
    from {{ stream }} as stream
    {%- for type in ['lead_id', 'company_key', 'email', 'domain'] %}
    left join identities as by_{{ type }}
        on stream.org_id = by_{{ type }}.org_id
        and by_{{ type }}.identity_type = '{{ type }}'
        and stream.identity_{{ type }}{{ '::text' if type == 'lead_id' }} = by_{{ type }}.identity_value
    {%- endfor %}

)

select * from resolved
{% endmacro %}
