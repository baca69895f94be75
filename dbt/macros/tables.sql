{# Statistics right after the build: dbt's tables are new each time, and autovacuum comes too late for the next model.
   A sample of 3,000 rows tells the planner enough; the default 30,000 took 4.7 s instead of 0.2 s on 200,000 leads. #}
{% macro analyze_table() %}
    {%- if model.config.materialized in ('table', 'incremental') -%}
    set local default_statistics_target = 10;
    analyze {{ this }}
    {%- endif -%}
{% endmacro %}
