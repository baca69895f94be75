{# Whether a source is an enrichment provider's answers; a campaign's source has a dot too. #}
{% macro is_enrichment(source) -%}
    starts_with({{ source }}, 'enrichment.')
{%- endmacro %}
