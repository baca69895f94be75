{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with leads as (

    select * from {{ ref('int_lead_golden') }}

),

-- A campaign without a place, or one that is not placed yet, has no centre.
targets as (

    select
        org_id,
        lead_id,
        min({{ distance_km('leads.lat', 'leads.lon', 'campaigns.lat', 'campaigns.lon') }}) as distance_km
    from leads
    inner join {{ ref('int_lead_campaigns') }} using (org_id, lead_id)
    inner join {{ ref('stg_lake__campaigns') }} as campaigns using (org_id, campaign_id)
    group by lead_id, org_id

),

-- A lead's facts also change when a record leaves it for another lead.
departures as (

    select
        org_id,
        previous_lead_id as lead_id,
        max(valid_from) as departed_at
    from {{ ref('int_lead_map_current') }}
    where previous_lead_id <> lead_id
    group by org_id, previous_lead_id

),

-- Campaigns score what they find by their verticals' profiles, besides those that apply to all.
campaign_profiles as (

    select
        org_id,
        lead_id,
        array_agg(distinct profile order by profile) as profiles
    from {{ ref('int_lead_demands') }}
    cross join lateral (values (scoring_profile), ('baseline'), ('everyone')) as named (profile)
    where campaign_id is not null and scoring_profile is not null
    group by lead_id, org_id

),

vertical_profiles as (

    select vertical, array_agg(profile order by profile) as profiles
    from {{ ref('scoring_profiles') }}
    group by vertical

),

observed as (

    select
        leads.org_id,
        leads.lead_id,
        -- When we could first have known: what was received, and which records were known to be this lead.
        greatest(leads.updated_at, leads.mapped_at, departures.departed_at) as valid_from,
        leads.vertical,
        leads.rating,
        leads.review_count,
        leads.employees_range,
        leads.tech_signals,
        leads.website is not null as has_website,
        leads.is_domain_verified,
        leads.has_email_at_domain,
        leads.phone is not null as has_phone,
        coalesce(leads.email, contacts.best_contact_email) is not null as has_email,
        coalesce(leads.phone_type in ('direct', 'mobile') or contacts.has_direct_phone, false) as has_direct_phone,
        contacts.best_contact_seniority,
        coalesce(campaign_profiles.profiles, vertical_profiles.profiles, '{everyone}') as profiles,
        leads.phone_type = 'toll_free' as is_phone_toll_free,
        -- To the metre, so that the last digits of a sine change no fact.
        round(targets.distance_km::numeric, 3)::double precision as target_distance_km
    from leads
    left join departures using (org_id, lead_id)
    left join targets using (org_id, lead_id)
    left join {{ ref('int_lead_contacts') }} as contacts using (org_id, lead_id)
    left join campaign_profiles using (org_id, lead_id)
    left join vertical_profiles using (vertical)

),

hashed as (

    select
        *,
        md5(row({{ fact_columns() | join(', ') }})::text) as facts_hash
    from observed

)

select * from hashed
