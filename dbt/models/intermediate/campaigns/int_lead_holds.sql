{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}
{% set rated = ["'rated ' || companies.rating", 'no rating', "demands.min_rating || ' or better'"] %}
{% set reviewed = [
    "companies.review_count || ' reviews'", 'no number of reviews', "demands.min_review_count || ' or more'",
] %}
{% set staffed = ["companies.employees_range || ' employees'", 'no number of employees', wanted_employees()] %}

with companies as (

    select
        *,
        split_part(trim(trailing '+' from employees_range), '-', 1)::bigint as employees_from,
        -- The highest band, 10001+, has no end.
        nullif(split_part(employees_range, '-', 2), '')::bigint as employees_to
    from {{ ref('int_lead_golden') }}
    where lead_kind = 'company'

),

measured as (

    select
        org_id,
        lead_id,
        array_remove(array[
            {%- for field, (label, is_lacking) in lead_fields().items() %}
            case
                when '{{ field }}' = any(demands.required_fields) and {{ is_lacking }}
                    then 'no {{ label }}, which the vertical ' || demands.vertical || ' requires'
            end,
            {%- endfor %}
            -- What is not known is not what was asked for.
            case
                when demands.min_rating > coalesce(companies.rating, 0)
                    then {{ unwanted(*rated) }}
            end,
            case
                when demands.min_review_count > coalesce(companies.review_count, 0)
                    then {{ unwanted(*reviewed) }}
            end,
            case
                when
                    coalesce(demands.employees_min, demands.employees_max) is not null
                    and (
                        companies.employees_from is null
                        or companies.employees_from > demands.employees_max
                        or companies.employees_to < demands.employees_min
                    )
                    then {{ unwanted(*staffed) }}
            end,
            case
                when demands.tech <> '{}' and not companies.tech_signals && demands.tech
                    then 'uses none of ' || array_to_string(demands.tech, ', ')
                        || ', which the campaign ' || demands.campaign_id || ' looks for'
            end
        ], null) as reasons
    from companies
    inner join {{ ref('int_lead_demands') }} as demands using (org_id, lead_id)

),

-- One campaign, or vertical, that has nothing against a lead is enough to set it free.
free as (

    select distinct org_id, lead_id
    from measured
    where reasons = '{}'

),

held as (

    select distinct
        measured.org_id,
        measured.lead_id,
        unnest(measured.reasons) as reason
    from measured
    left join free using (org_id, lead_id)
    where free.lead_id is null

),

closed as (

    select org_id, lead_id, 'closed for good, as its best record says' as reason
    from companies
    where business_status = 'closed'

)

select * from held
union all
select * from closed
