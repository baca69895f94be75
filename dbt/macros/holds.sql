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

{# Sentence on a company that is not what its campaign wants: what it is (or that this is not known), then the wish. #}
{% macro unwanted(is_known, is_unknown, wish) -%}
    coalesce({{ is_known }}, '{{ is_unknown }}') || ', and the campaign ' || demands.campaign_id || ' wants ' || {{ wish }}
{%- endmacro %}

{# "11 to 200", "at least 11" or "at most 200". #}
{% macro wanted_employees() -%}
    case
        when demands.employees_max is null then 'at least ' || demands.employees_min
        when demands.employees_min is null then 'at most ' || demands.employees_max
        else demands.employees_min || ' to ' || demands.employees_max
    end
{%- endmacro %}
