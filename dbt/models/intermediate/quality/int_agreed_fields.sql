{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

-- Each provider has one say, its latest record. Contacts have their id as lead_id, as everywhere below the marts.
{%- for entity, (records, survivors) in {
    'lead': ('int_records_current', 'int_company_survivors'),
    'contact': ('int_contacts_current', 'int_contact_survivors'),
}.items() %}
select
    records.org_id,
    records.lead_id,
    array_remove(array[
        {%- for field, spec in quality_fields(entity).items() %}
        case when count(*) filter (where {{ spec.same }}) > 1 then '{{ field }}' end{{ ',' if not loop.last }}
        {%- endfor %}
    ], null) as fields
from {{ ref(records) }} as records
inner join {{ ref(survivors) }} as survivors using (org_id, lead_id)
where survivors.source_count > 1 and records.is_latest_of_provider
group by records.lead_id, records.org_id
{{ 'union all' if not loop.last }}
{%- endfor %}
