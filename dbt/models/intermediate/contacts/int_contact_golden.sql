{{ config(indexes=[{'columns': ['org_id', 'contact_id'], 'unique': true}]) }}

with survivors as (

    select * from {{ ref('int_contact_survivors') }}

),

-- Consent is not a matter of confidence: one refusal stands against any number of grants.
consents as (

    select
        org_id,
        lead_id,
        case
            when bool_or(consent = 'denied') then 'denied'
            when bool_or(consent = 'granted') then 'granted'
            else 'unknown'
        end as consent
    from {{ ref('int_contacts_current') }}
    group by org_id, lead_id

),

emails as (

    select
        org_id,
        lead_id,
        {{ email_list() }} as emails
    from {{ ref('int_contact_emails') }} as emails
    inner join survivors using (org_id, lead_id)
    group by org_id, lead_id

),

phones as (

    select
        org_id,
        lead_id,
        {{ phone_list() }} as phones
    from {{ ref('int_contact_phones') }} as phones
    inner join survivors using (org_id, lead_id)
    group by org_id, lead_id

),

joined as (

    select
        survivors.*,
        survivors.lead_id as contact_id,
        nullif(concat_ws(' ', survivors.first_name, survivors.last_name), '') as full_name,
        consents.consent,
        {{ is_suppressed('org_id', 'email', 'survivors.email') }}
        or {{ is_suppressed('org_id', 'phone', 'survivors.phone') }}
        or {{ is_suppressed('org_id', 'phone', 'survivors.mobile') }}
        or {{ is_suppressed('org_id', 'domain', 'survivors.email_domain') }} as is_suppressed,
        coalesce(emails.emails, '[]') as emails,
        coalesce(phones.phones, '[]') as phones
    from survivors
    inner join consents using (org_id, lead_id)
    left join emails using (org_id, lead_id)
    left join phones using (org_id, lead_id)

)

select * from joined
