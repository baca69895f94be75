{# Which columns survive together, as unit -> compare, columns. `compare` says whether a record has the unit and which
   records agree on it; the unit's confidence is that of its first column. `shown` is the value as one text, where it is
   not that column alone. An address, a position, an e-mail with its
   flags are one thing each: mixing the street of one record with the postal code of another invents a place. #}
{% macro company_units() %}
    {% set address = ['address_line1', 'address_line2', 'city', 'region', 'postal', 'country'] %}
    {{ return({
        'name': {'compare': 'name_key', 'columns': ['name']},
        'brand': {'compare': 'lower(brand)', 'columns': ['brand']},
        'registration_id': {'compare': 'registration_id', 'columns': ['registration_id']},
        'vertical': {'compare': "nullif(vertical, 'other')", 'columns': ['vertical']},
        'category': {'compare': 'category', 'columns': ['category']},
        'website': {'compare': 'coalesce(domain, website)', 'columns': ['website', 'domain']},
        'email': {'compare': 'email', 'columns': ['email', 'email_type', 'email_domain', 'email_verified']},
        'phone': {'compare': 'phone', 'columns': ['phone', 'phone_type']},
        'fax': {'compare': 'fax', 'columns': ['fax']},
        'address': {'compare': address_key(), 'columns': address, 'shown': "concat_ws(', ', " ~ address | join(', ') ~ ')'},
        'geo': {
            'compare': "round(lat::numeric, 3) || ' ' || round(lon::numeric, 3)",
            'columns': ['lat', 'lon'],
            'shown': "lat || ', ' || lon",
        },
        'linkedin': {'compare': 'linkedin', 'columns': ['linkedin']},
        'twitter': {'compare': 'twitter', 'columns': ['twitter']},
        'facebook': {'compare': 'facebook', 'columns': ['facebook']},
        'instagram': {'compare': 'instagram', 'columns': ['instagram']},
        'employees_range': {'compare': 'employees_range', 'columns': ['employees_range']},
        'revenue_range': {'compare': 'revenue_range', 'columns': ['revenue_range']},
        'founded_year': {'compare': 'founded_year::text', 'columns': ['founded_year']},
        'reviews': {
            'compare': 'coalesce(rating::text, review_count::text)',
            'columns': ['rating', 'review_count', 'last_reviewed_at'],
            'shown': "concat_ws(' of ', rating, review_count)",
        },
        'hours': {'compare': 'hours::text', 'columns': ['hours']},
        'status': {'compare': 'status', 'columns': ['status']},
    }) }}
{% endmacro %}

{% macro person_units() %}
    {% set address = ['address_line1', 'address_line2', 'city', 'region', 'postal', 'country'] %}
    {{ return({
        'name': {
            'compare': 'name_key',
            'columns': ['last_name', 'first_name'],
            'shown': "concat_ws(' ', first_name, last_name)",
        },
        'title': {'compare': 'lower(title)', 'columns': ['title', 'seniority']},
        'company': {'compare': 'lower(company_name)', 'columns': ['company_name']},
        'email': {'compare': 'email', 'columns': ['email', 'email_type', 'email_domain', 'email_verified']},
        'phone': {'compare': 'phone', 'columns': ['phone', 'phone_type']},
        'mobile': {'compare': 'mobile', 'columns': ['mobile']},
        'linkedin': {'compare': 'linkedin', 'columns': ['linkedin']},
        'address': {'compare': address_key(), 'columns': address, 'shown': "concat_ws(', ', " ~ address | join(', ') ~ ')'},
    }) }}
{% endmacro %}

{# A street beats a place without one, because the confidence of an address is that of its first line. #}
{% macro address_key() -%}
    lower(coalesce(address_line1 || ' ' || coalesce(postal, city, ''), postal, city, region, country))
{%- endmacro %}

{# Number of the record whose value of a unit survives: confidence first, then how many providers agree (each has one
   vote, its latest record), then the record number, which is recency, provider and record id. The three are packed into
   one integer (4 digits, 6 digits, 6 digits), so that 20 units need one pass and no sort per unit. #}
{% macro winning_record(unit, spec) -%}
    999999 - max(
        case when {{ unit }}_value is not null then
            round(coalesce((provenance -> '{{ spec.columns[0] }}')::numeric, 0) * 9999)::bigint * 1000000000000
            + coalesce(cardinality(array_positions({{ unit }}_votes, {{ unit }}_value)), 0)::bigint * 1000000
            + 999999 - record_number
        end
    ) % 1000000
{%- endmacro %}

{# One row per lead with at least two records: unit -> number of the record that wins it. Two records are not counted for
   votes, which halves the time: they agree, or each has one vote (or is an older record of the same provider). #}
{% macro unit_winners(records, units) %}
with candidates as (

    select
        org_id,
        lead_id,
        record_number,
        provenance,
        {%- for unit, spec in units.items() %}
        {{ spec.compare }} as {{ unit }}_value,
        array_agg({{ spec.compare }}) filter (where is_latest_of_provider and record_count > 2) over lead_records
            as {{ unit }}_votes
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ records }}
    where record_count > 1
    window lead_records as (partition by org_id, lead_id)

)

select
    org_id,
    lead_id,
    {%- for unit, spec in units.items() %}
    {{ winning_record(unit, spec) }} as {{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
from candidates
group by org_id, lead_id
{% endmacro %}

{# The surviving values, the evidence and the life of each lead. A lead of one record, as most are, needs no contest and
   no sort. The order of the columns is the same in both halves. #}
{% macro surviving_leads(records, winners, units) %}
with lone as (

    select
        org_id,
        lead_id,
        {%- for unit, spec in units.items() %}
        {{ spec.columns | join(', ') }},
        {%- endfor %}
        jsonb_build_array({{ evidence('provenance') }}) as provenance,
        1::bigint as record_count,
        1::bigint as source_count,
        first_fetched_at as first_seen_at,
        fetched_at as updated_at,
        mapped_at
    from {{ records }} as records
    where record_count = 1

),

merged as (

    select
        org_id,
        lead_id,
        {%- for unit, spec in units.items() %}
        {%- for column in spec.columns %}
        (array_agg(records.{{ column }}) filter (where {{ is_winner(unit) }}))[1] as {{ column }},
        {%- endfor %}
        {%- endfor %}
        coalesce(
            jsonb_agg({{ evidence('won.fields') }} order by record_number) filter (where won.fields <> '{}'), '[]'
        ) as provenance,
        count(*) as record_count,
        count(distinct records.provider) as source_count,
        min(records.first_fetched_at) as first_seen_at,
        max(records.fetched_at) as updated_at,
        max(records.mapped_at) as mapped_at
    from {{ records }} as records
    inner join {{ winners }} as winners using (org_id, lead_id)
    -- `limit 1` keeps the planner from computing the expression once per use.
    cross join lateral (select {{ won_fields(units) }} as fields limit 1) as won
    group by lead_id, org_id

)

select * from lone
union all
select * from merged
{% endmacro %}

{# Record 1 stands for a unit that no record of the lead has. #}
{% macro is_winner(unit) -%}
    records.record_number = coalesce(winners.{{ unit }}, 1)
{%- endmacro %}

{# What a record contributed: its provenance without the fields that another record won. #}
{% macro won_fields(units) -%}
    records.provenance - string_to_array(concat(
        {%- for unit, spec in units.items() %}
        case when not {{ is_winner(unit) }} then '{{ spec.columns | join(',') }},' end{{ ',' if not loop.last }}
        {%- endfor %}
    ), ',')
{%- endmacro %}

{# One element of a lead's provenance: a record and the confidence of each field that survives of it. #}
{% macro evidence(fields) -%}
    jsonb_build_object(
        'provider', records.provider, 'record_id', records.record_id, 'fetched_at', records.fetched_at,
        'fields', {{ fields }}
    )
{%- endmacro %}
