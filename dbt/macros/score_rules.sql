{# The names of the rules that a row of facts makes true; what they are worth, and for whom, is in scoring_rules. #}
{% macro fact_rules() -%}
    array_remove(array[
        case when rating >= 4.3 and review_count >= 50 then 'well_reviewed' end,
        case when has_website and is_domain_verified then 'website_at_verified_domain' end,
        case when 'shopify' = any(tech_signals) then 'uses_shopify' end,
        case when employees_range in ('11-50', '51-200') then 'employees_11_to_200' end,
        case when target_distance_km <= 25 then 'near_target' end,
        case when has_email_at_domain and is_domain_verified then 'email_at_verified_domain' end,
        case when has_phone and is_phone_toll_free is not true then 'phone_not_toll_free' end,
        case when has_email then 'has_email' end,
        case when has_phone or has_direct_phone then 'has_phone' end,
        case when has_direct_phone then 'has_direct_phone' end,
        case when best_contact_seniority in ('c_suite', 'vp', 'director', 'manager') then 'contact_' || best_contact_seniority end,
        (select band from {{ ref('company_sizes') }} as sizes where sizes.employees_range = facts.employees_range)
    ], null)
{%- endmacro %}

{# MD5 of everything in the seeds that a score depends on. #}
{% macro rules_version() -%}
    md5(concat_ws('|'
        {%- for seed in [
            'signal_types', 'signal_type_overrides', 'scoring_rules', 'scoring_profiles', 'company_sizes', 'quiet_periods',
            'grades', 'priority_tiers', 'intent_tiers', 'engagement_stages',
        ] %}
        , (select string_agg(line::text, '|' order by line::text) from {{ ref(seed) }} as line)
        {%- endfor %}
    ))
{%- endmacro %}

{# The label of a seed of minimums that a value earns. #}
{% macro band_of(value, seed, label) -%}
    (select {{ label }} from {{ ref(seed) }} as bands where bands.minimum <= {{ value }} order by bands.minimum desc limit 1)
{%- endmacro %}

{# CTEs `campaign_profiles` and `vertical_profiles`: sets of scoring rules of campaigns' leads, and of verticals. #}
{% macro lead_profiles() %}
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

)
{% endmacro %}
