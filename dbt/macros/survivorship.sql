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
