{{ config(materialized='view') }}

-- Each field with the record that its surviving value comes from.
{%- for entity, (golden, id) in {
    'lead': ('int_lead_golden', 'lead_id'),
    'contact': ('int_contact_golden', 'contact_id'),
}.items() %}
{{ 'with ' if loop.first }}{{ entity }}_fields as (

    select
        golden.org_id,
        '{{ entity }}' as entity,
        golden.{{ id }} as entity_id,
        fields.*,
        case when fields.field = 'email' then (golden.emails -> 0 ->> 'verified')::boolean else false end as is_verified,
        coalesce(fields.field = any(agreed.fields), false) as is_agreed
    from {{ ref(golden) }} as golden
    left join {{ ref('int_agreed_fields') }} as agreed
        on golden.org_id = agreed.org_id and golden.{{ id }} = agreed.lead_id
    cross join lateral (values
        {%- for field, spec in quality_fields(entity).items() %}
        (
            '{{ field }}', {{ spec.value }} is not null,
            {{ confidence_in(spec.columns) }}, {{ received_at(spec.columns) }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as fields (field, is_filled, confidence, fetched_at)

){{ ',' if not loop.last }}
{%- endfor %}

select * from lead_fields
union all
select * from contact_fields
