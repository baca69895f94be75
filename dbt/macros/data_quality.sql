{# The six fields of a lead or contact that its data quality is measured by: the value that counts as having it, the
   columns whose provenance vouches for it, and, where providers can agree on it, when a record says the same. #}
{% macro quality_fields(entity) %}
    {% set same = {} %}
    {% for column in ['email', 'name', 'phone', 'employees_range', 'first_name', 'last_name', 'company_name', 'title'] %}
        {% do same.update({column: 'lower(records.' ~ column ~ ') = lower(survivors.' ~ column ~ ')'}) %}
    {% endfor %}
    {% if entity == 'contact' %}
        {{ return({
            'email': {'value': 'email', 'columns': ['email'], 'same': same.email},
            'first_name': {'value': 'first_name', 'columns': ['first_name'], 'same': same.first_name},
            'last_name': {'value': 'last_name', 'columns': ['last_name'], 'same': same.last_name},
            'phone': {'value': 'coalesce(phone, mobile)', 'columns': ['phone', 'mobile'], 'same': same.phone},
            'company': {'value': 'company_name', 'columns': ['company_name'], 'same': same.company_name},
            'title': {'value': 'title', 'columns': ['title'], 'same': same.title},
        }) }}
    {% endif %}
    {{ return({
        'email': {'value': 'email', 'columns': ['email'], 'same': same.email},
        'name': {'value': 'name', 'columns': ['name', 'brand', 'last_name'], 'same': same.name},
        'domain': {'value': 'domain', 'columns': ['domain', 'email'], 'same': 'records.domain = survivors.domain'},
        'phone': {'value': 'phone', 'columns': ['phone', 'mobile'], 'same': same.phone},
        'address': {
            'value': 'address_line1',
            'columns': ['address_line1'],
            'same': 'lower(records.address_line1) = lower(survivors.address_line1)',
        },
        'employees': {'value': 'employees_range', 'columns': ['employees_range'], 'same': same.employees_range},
    }) }}
{% endmacro %}

{# How sure the record that a golden value comes from is of it: the first of the columns that any provenance names. #}
{% macro confidence_in(columns) -%}
    coalesce(
        {%- for column in columns -%}
        jsonb_path_query_first(provenance, '$[*].fields.{{ column }}'){{ ', ' if not loop.last }}
        {%- endfor -%}
    )::numeric
{%- endmacro %}

{# When that record was received. A lead of one record has its time as its own, which spares most leads from reading it. #}
{% macro received_at(columns) -%}
    case
        when record_count = 1 then updated_at
        else (jsonb_path_query_first(provenance, '$[*] ? (
            {%- for column in columns -%}
            exists(@.fields.{{ column }}){{ ' || ' if not loop.last }}
            {%- endfor -%}
        ).fetched_at') #>> '{}')::timestamptz
    end
{%- endmacro %}

{# Confidence that normalisation gives a phone whose number is in its country's numbering plan
   (`normalize/tables/confidence.yaml`, `validated`). #}
{% macro validated_phone() -%} 0.95 {%- endmacro %}

{# The UTC day that ages are counted to. #}
{% macro today() -%}
    (now() at time zone 'UTC')::date
{%- endmacro %}

{# 1 for a value received today, 0 for one of 90 days ago or more or of an unknown day, linear between. #}
{% macro freshness(fetched_at) -%}
    greatest(0, least(1, 1 - coalesce({{ today() }} - ({{ fetched_at }} at time zone 'UTC')::date, 90) / 90.0))
{%- endmacro %}
