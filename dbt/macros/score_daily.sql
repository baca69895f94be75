{# The columns of fct_score_history that are a lead's state, whatever the time. #}
{% macro state_columns() %}
    {{ return([
        'rules_version', 'quiet_days', 'quiet_share', 'last_event_at', 'points_then', 'event_count', 'factors',
        'factor_events', 'factor_times',
    ]) }}
{% endmacro %}
