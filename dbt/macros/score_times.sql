{# The day that a batch of fct_score_history scores; today where there is no batch. #}
{% macro score_day() -%}
    {%- if model is defined and model.batch -%}
    date '{{ model.batch.event_time_start.strftime("%Y-%m-%d") }}'
    {%- else -%}
    {{ today() }}
    {%- endif -%}
{%- endmacro %}

{# The time as of which a day is scored: its end. The day that is not over is scored as of the end of the present hour, so
   that what happened this morning has not faded till midnight; its row is written again until the day is over. #}
{% macro as_of(day) -%}
    least(
        ({{ day }} + 1)::timestamp at time zone 'UTC',
        (date_trunc('hour', now() at time zone 'UTC') + interval '1 hour') at time zone 'UTC'
    )
{%- endmacro %}

{# The share that is left at `at` of what happened at `since`: 0 to 1. #}
{% macro share_left(model, hours, since, at) -%}
    {%- set age -%} (extract(epoch from {{ at }} - {{ since }}) / 3600)::double precision {%- endset -%}
    case {{ model }}
        when 'linear' then greatest(0, 1 - {{ age }} / {{ hours }}::double precision)
        -- Past ten half-lives, a thousandth, nothing is left.
        when 'exponential' then case when {{ age }} < 10 * {{ hours }} then power(0.5, {{ age }} / {{ hours }}::double precision) else 0 end
        when 'window' then case when {{ age }} < {{ hours }} then 1 else 0 end
        else 1
    end
{%- endmacro %}

{# The first day at whose end `at` has come. #}
{% macro day_reaching(at) -%}
    ((({{ at }}) at time zone 'UTC' - interval '1 microsecond')::date)
{%- endmacro %}
