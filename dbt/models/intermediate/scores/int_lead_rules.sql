with facts as (

    select * from {{ ref('int_lead_facts') }}

),

-- When each rule is true; what it is worth, and for whom, is in the seeds.
fired as (

    select
        org_id,
        lead_id,
        vertical,
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

)

select * from fired
