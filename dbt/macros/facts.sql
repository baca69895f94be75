{# The facts that rules and features may use, as `contracts.LEAD_FACTS_HISTORY` lists them. #}
{% macro fact_columns() %}
    {{ return([
        'vertical', 'rating', 'review_count', 'employees_range', 'tech_signals', 'has_website', 'is_domain_verified',
        'has_email_at_domain', 'has_phone', 'is_phone_toll_free', 'target_distance_km',
    ]) }}
{% endmacro %}
