{# A seed of minimums as half-open bands [minimum, below); the highest band has no end. #}
{% macro score_bands(seed, label) -%}
    select
        {{ label }},
        minimum,
        lead(minimum, 1, 'infinity') over (order by minimum) as below
    from {{ ref(seed) }}
{%- endmacro %}
