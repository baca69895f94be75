{{ config(indexes=[{'columns': ['org_id', 'identity_type', 'identity_value'], 'unique': true}]) }}

-- Only what events, deals, activities and outcomes name is looked up: few identities, however many leads there are.
with named as (

    {%- for stream in ['events', 'deals', 'activities', 'outcomes'] %}
    {{ named_identities(ref('stg_lake__' ~ stream)) }}
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

contacts as (

    select * from {{ ref('int_contact_lead') }}

),

-- Every id a lead is or was known by.
lead_ids as (

    select org_id, lead_id::text as identity_value, lead_id from {{ ref('int_lead_golden') }}
    union all
    select org_id, contact_id::text, lead_id from contacts
    union all
    select aliases.org_id, aliases.alias_id::text, coalesce(contacts.lead_id, aliases.lead_id)
    from {{ ref('int_lead_aliases') }} as aliases
    left join contacts
        on aliases.org_id = contacts.org_id and aliases.lead_id = contacts.contact_id and aliases.kind = 'person'

),

candidates as (

    select org_id, 'lead_id' as identity_type, identity_value, lead_id from lead_ids
    union all
    select org_id, 'company_key', provider || ':' || provider_key, lead_id from {{ ref('int_records_current') }}
    union all
    select org_id, 'email', email, lead_id from {{ ref('int_lead_emails') }}
    union all
    select emails.org_id, 'email', emails.email, contacts.lead_id
    from {{ ref('int_contact_emails') }} as emails
    inner join contacts on emails.org_id = contacts.org_id and emails.lead_id = contacts.contact_id
    union all
    select org_id, 'domain', domain, lead_id from {{ ref('int_lead_domains') }}

),

-- An identity that two leads share names neither.
unambiguous as (

    select org_id, identity_type, identity_value, (array_agg(candidates.lead_id))[1] as lead_id
    from named
    inner join candidates using (org_id, identity_type, identity_value)
    group by org_id, identity_type, identity_value
    having count(distinct candidates.lead_id) = 1

)

select * from unambiguous
