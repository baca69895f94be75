{# The facts that rules and features may use, as `contracts.LEAD_FACTS_HISTORY` lists them. #}
{% macro fact_columns() %}
    {{ return([
        'vertical', 'rating', 'review_count', 'employees_range', 'tech_signals', 'has_website', 'is_domain_verified',
        'has_email_at_domain', 'has_phone', 'is_phone_toll_free', 'target_distance_km', 'has_email', 'has_direct_phone',
        'best_contact_seniority', 'profiles',
    ]) }}
{% endmacro %}

{# Great-circle kilometres between two positions in degrees; null unless both are known. #}
{% macro distance_km(lat_a, lon_a, lat_b, lon_b) -%}
    2 * 6371 * asin(least(1, sqrt(
        power(sin(radians({{ lat_b }} - {{ lat_a }}) / 2), 2)
        + cos(radians({{ lat_a }})) * cos(radians({{ lat_b }})) * power(sin(radians({{ lon_b }} - {{ lon_a }}) / 2), 2)
    )))
{%- endmacro %}
