{# Columns of a lead that a vertical can require, as `sources.vertical.LEAD_FIELDS` lists them: what people call each,
   and when a company lacks it. #}
{% macro lead_fields() %}
    {% set labels = {
        'name': 'name', 'category': 'category', 'website': 'website', 'domain': 'domain', 'email': 'e-mail',
        'phone': 'phone', 'registration_id': 'registration number', 'address_line1': 'street address', 'city': 'city',
        'region': 'region', 'postal': 'postal code', 'country': 'country', 'lat': 'latitude', 'lon': 'longitude',
        'employees_range': 'number of employees', 'revenue_range': 'revenue', 'founded_year': 'founding year',
        'tech_signals': 'known technology', 'linkedin': 'LinkedIn page', 'rating': 'rating',
        'review_count': 'number of reviews', 'hours': 'opening hours',
    } %}
    {% set empty = {'tech_signals': "'{}'", 'hours': "'[]'"} %}
    {% set fields = {} %}
    {% for field, label in labels.items() %}
        {% set is_lacking = 'companies.' ~ field ~ ' is null' %}
        {% if field in empty %}
            {% set is_lacking = '(' ~ is_lacking ~ ' or companies.' ~ field ~ ' = ' ~ empty[field] ~ ')' %}
        {% endif %}
        {% do fields.update({field: (label, is_lacking)}) %}
    {% endfor %}
    {{ return(fields) }}
{% endmacro %}

{# One expression per field that a vertical can require: the sentence where it is required and lacking, else null. #}
{% macro lacking_fields() %}
    {% set sentences = [] %}
    {% for field, (label, is_lacking) in lead_fields().items() %}
        {% do sentences.append(
            "case when '" ~ field ~ "' = any(demands.required_fields) and " ~ is_lacking
            ~ " then 'no " ~ label ~ ", which the vertical ' || demands.vertical || ' requires' end"
        ) %}
    {% endfor %}
    {{ return(sentences) }}
{% endmacro %}

{# One expression per filter of a campaign: the sentence where the company fails it, else null. What is not known of a
   company is not what was asked for. #}
{% macro failed_filters() %}
    {% set wants = " || ', and the campaign ' || demands.campaign_id || ' wants ' || " %}
    {% set employees %}
        case
            when demands.employees_max is null then 'at least ' || demands.employees_min
            when demands.employees_min is null then 'at most ' || demands.employees_max
            else demands.employees_min || ' to ' || demands.employees_max
        end
    {% endset %}
    {{ return([
        "case when demands.min_rating > coalesce(companies.rating, 0) then coalesce('rated ' || companies.rating, 'no rating')"
        ~ wants ~ "demands.min_rating || ' or better' end",
        "case when demands.min_review_count > coalesce(companies.review_count, 0)"
        ~ " then coalesce(companies.review_count || ' reviews', 'no number of reviews')"
        ~ wants ~ "demands.min_review_count || ' or more' end",
        "case when coalesce(demands.employees_min, demands.employees_max) is not null and (companies.employees_from is null"
        ~ " or companies.employees_from > demands.employees_max or companies.employees_to < demands.employees_min)"
        ~ " then coalesce(companies.employees_range || ' employees', 'no number of employees')" ~ wants ~ employees ~ " end",
        "case when demands.tech <> '{}' and not companies.tech_signals && demands.tech"
        ~ " then 'uses none of ' || array_to_string(demands.tech, ', ')"
        ~ " || ', which the campaign ' || demands.campaign_id || ' looks for' end",
    ]) }}
{% endmacro %}
