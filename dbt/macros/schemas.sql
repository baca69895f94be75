{# A folder's `+schema` is the schema, in every target: the house has one warehouse per database. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
