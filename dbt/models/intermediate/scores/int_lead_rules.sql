with facts as (

    select * from {{ ref('int_lead_facts') }}

),

-- Campaigns score what they find by their verticals' profiles, besides the one that applies to all.
campaign_profiles as (

    select
        org_id,
        lead_id,
        array_agg(distinct profile order by profile) as profiles
    from {{ ref('int_lead_demands') }}
    cross join lateral (values (scoring_profile), ('baseline')) as named (profile)
    where campaign_id is not null and scoring_profile is not null
    group by lead_id, org_id

),

vertical_profiles as (

    select
        vertical,
        array_agg(profile order by profile) as profiles
    from {{ ref('scoring_profiles') }}
    group by vertical

),

-- When each rule is true; what it is worth, and for whom, is in the seeds.
fired as (

    select
        org_id,
        lead_id,
        coalesce(campaign_profiles.profiles, vertical_profiles.profiles, '{}') as profiles,
        array_remove(array[
            case when rating >= 4.3 and review_count >= 50 then 'well_reviewed' end,
            case when has_website and is_domain_verified then 'website_at_verified_domain' end,
            case when 'shopify' = any(tech_signals) then 'uses_shopify' end,
            case when employees_range in ('11-50', '51-200') then 'employees_11_to_200' end,
            case when target_distance_km <= 25 then 'near_target' end,
            case when has_email_at_domain and is_domain_verified then 'email_at_verified_domain' end,
            case when has_phone and is_phone_toll_free is not true then 'phone_not_toll_free' end
        ], null) as rules
    from facts
    left join campaign_profiles using (org_id, lead_id)
    left join vertical_profiles using (vertical)

)

select * from fired
