{# The identities that a stream's rows name, one row per identity: type and value as text. #}
{% macro named_identities(stream) %}
    select stream.org_id, named.identity_type, named.identity_value
    from {{ stream }} as stream
    cross join lateral (values
        ('lead_id', stream.identity_lead_id::text),
        ('crm_id', stream.identity_crm_id),
        ('company_key', stream.identity_company_key),
        ('email', stream.identity_email),
        ('domain', stream.identity_domain)
    ) as named (identity_type, identity_value)
    where named.identity_value is not null
{% endmacro %}

{# Every identity by which a lead is known, with duplicates: org_id, identity_type, identity_value, lead_id. Reads tables
   only, which a running build replaces at once, so that it can be asked at any time. #}
{% macro known_identities() %}
    -- Every id a lead is or was known by.
    with lead_ids as (

        select org_id, lead_id::text as identity_value, lead_id
        from {{ ref('int_lead_map_current') }}
        where kind = 'business'
        union all
        select org_id, contact_id::text, lead_id from {{ ref('int_contact_lead') }}
        union all
        select aliases.org_id, aliases.alias_id::text, coalesce(contacts.lead_id, aliases.lead_id)
        from {{ ref('int_lead_aliases') }} as aliases
        left join {{ ref('int_contact_lead') }} as contacts
            on aliases.org_id = contacts.org_id and aliases.lead_id = contacts.contact_id and aliases.kind = 'person'

    )

    select org_id, 'lead_id' as identity_type, identity_value, lead_id from lead_ids
    union all
    select org_id, 'company_key', provider || ':' || provider_key, lead_id from {{ ref('int_records_current') }}
    union all
    select records.org_id, 'company_key', records.provider || ':' || records.provider_key, contacts.lead_id
    from {{ ref('int_contacts_current') }} as records
    inner join {{ ref('int_contact_lead') }} as contacts
        on records.org_id = contacts.org_id and records.lead_id = contacts.contact_id
    union all
    -- A CRM's own id is known from its export, or because it answered a delivery with it.
    select org_id, 'crm_id', provider_key, lead_id
    from {{ ref('int_records_current') }}
    where provider in (select provider from {{ ref('crm_providers') }})
    union all
    select sent.org_id, 'crm_id', sent.crm_id, lead_ids.lead_id
    from ops.delivery_outbox as sent
    inner join lead_ids on sent.org_id = lead_ids.org_id and sent.natural_key = lead_ids.identity_value
    where sent.crm_id is not null
    union all
    select org_id, 'email', email, lead_id from {{ ref('int_lead_emails') }}
    union all
    select emails.org_id, 'email', emails.email, contacts.lead_id
    from {{ ref('int_contact_emails') }} as emails
    inner join {{ ref('int_contact_lead') }} as contacts
        on emails.org_id = contacts.org_id and emails.lead_id = contacts.contact_id
    union all
    select org_id, 'domain', domain, lead_id from {{ ref('int_lead_domains') }}
{% endmacro %}

{# The named identities that exactly one lead has: an identity that two leads share names neither. #}
{% macro unambiguous_identities(named, known) %}
    select
        org_id,
        identity_type,
        identity_value,
        (array_agg(known.lead_id))[1] as lead_id
    from {{ named }} as named
    inner join {{ known }} as known using (org_id, identity_type, identity_value)
    group by org_id, identity_type, identity_value
    having count(distinct known.lead_id) = 1
{% endmacro %}

{# A stream's rows with their lead; null where nothing that the row names is known. The most specific identity wins. #}
{% macro with_lead(stream, identities=none) %}
    {%- set types = ['lead_id', 'crm_id', 'company_key', 'email', 'domain'] %}
    select
        stream.*,
        coalesce({% for type in types %}by_{{ type }}.lead_id{{ ', ' if not loop.last }}{% endfor %}) as lead_id
    from {{ stream }} as stream
    {%- for type in types %}
    left join {{ identities or ref('int_lead_identities') }} as by_{{ type }}
        on stream.org_id = by_{{ type }}.org_id
        and by_{{ type }}.identity_type = '{{ type }}'
        and stream.identity_{{ type }}{{ '::text' if type == 'lead_id' }} = by_{{ type }}.identity_value
    {%- endfor %}
{% endmacro %}
