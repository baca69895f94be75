{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

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
        array_remove(array[{{ (lacking_fields() + failed_filters()) | join(', ') }}], null) as reasons
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
