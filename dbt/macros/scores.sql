{# A seed of minimums as half-open bands [minimum, below); the highest band has no end. #}
{% macro score_bands(seed, label) -%}
    select
        {{ label }},
        minimum,
        lead(minimum, 1, 'infinity') over (order by minimum) as below
    from {{ ref(seed) }}
{%- endmacro %}

{# Share of the fields' weights (seed `data_quality_weights`) that are filled, 0 to 1. `filled` maps a field to the
   condition under which it counts. #}
{% macro data_quality_score(filled) -%}
    round((
        {%- for field, condition in filled.items() %}
        case when {{ condition }} then weights.{{ field }} else 0 end {{ '+' if not loop.last }}
        {%- endfor %}
    ) / weights.total, 3)::numeric(4, 3)
{%- endmacro %}

{# The weights of one entity as a single row, a column per field and their total. #}
{% macro data_quality_weights(entity, filled) -%}
    select
        {%- for field in filled %}
        coalesce(sum(weight) filter (where field = '{{ field }}'), 0) as {{ field }},
        {%- endfor %}
        sum(weight) as total
    from {{ ref('data_quality_weights') }}
    where entity = '{{ entity }}'
{%- endmacro %}
