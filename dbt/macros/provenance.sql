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
