{# Which columns survive together, as unit -> compare, columns. `compare` says whether a record has the unit and which
   records agree on it; the unit's confidence is that of its first column. `shown` is the value as one text, where it is
   not that column alone. An address, a position, an e-mail with its
   flags are one thing each: mixing the street of one record with the postal code of another invents a place. #}
{% macro company_units() %}
    {% set address = ['address_line1', 'address_line2', 'city', 'region', 'postal', 'country'] %}
    {{ return({
        'name': {'compare': 'name_key', 'columns': ['name']},
        'brand': {'compare': 'lower(brand)', 'columns': ['brand']},
        'registration_id': {'compare': 'registration_id', 'columns': ['registration_id']},
        'vertical': {'compare': "nullif(vertical, 'other')", 'columns': ['vertical']},
        'category': {'compare': 'category', 'columns': ['category']},
        'website': {'compare': 'coalesce(domain, website)', 'columns': ['website', 'domain']},
        'email': {'compare': 'email', 'columns': ['email', 'email_type', 'email_domain', 'email_verified']},
        'phone': {'compare': 'phone', 'columns': ['phone', 'phone_type']},
        'fax': {'compare': 'fax', 'columns': ['fax']},
        'address': {'compare': address_key(), 'columns': address, 'shown': "concat_ws(', ', " ~ address | join(', ') ~ ')'},
        'geo': {
            'compare': "round(lat::numeric, 3) || ' ' || round(lon::numeric, 3)",
            'columns': ['lat', 'lon'],
            'shown': "lat || ', ' || lon",
        },
        'linkedin': {'compare': 'linkedin', 'columns': ['linkedin']},
        'twitter': {'compare': 'twitter', 'columns': ['twitter']},
        'facebook': {'compare': 'facebook', 'columns': ['facebook']},
        'instagram': {'compare': 'instagram', 'columns': ['instagram']},
        'employees_range': {'compare': 'employees_range', 'columns': ['employees_range']},
        'revenue_range': {'compare': 'revenue_range', 'columns': ['revenue_range']},
        'founded_year': {'compare': 'founded_year::text', 'columns': ['founded_year']},
        'reviews': {
            'compare': 'coalesce(rating::text, review_count::text)',
            'columns': ['rating', 'review_count', 'last_reviewed_at'],
            'shown': "concat_ws(' of ', rating, review_count)",
        },
        'hours': {'compare': 'hours::text', 'columns': ['hours']},
        'status': {'compare': 'status', 'columns': ['status']},
    }) }}
{% endmacro %}

{% macro person_units() %}
    {% set address = ['address_line1', 'address_line2', 'city', 'region', 'postal', 'country'] %}
    {{ return({
        'name': {
            'compare': 'name_key',
            'columns': ['last_name', 'first_name'],
            'shown': "concat_ws(' ', first_name, last_name)",
        },
        'title': {'compare': 'lower(title)', 'columns': ['title', 'seniority']},
        'company': {'compare': 'lower(company_name)', 'columns': ['company_name']},
        'email': {'compare': 'email', 'columns': ['email', 'email_type', 'email_domain', 'email_verified']},
        'phone': {'compare': 'phone', 'columns': ['phone', 'phone_type']},
        'mobile': {'compare': 'mobile', 'columns': ['mobile']},
        'linkedin': {'compare': 'linkedin', 'columns': ['linkedin']},
        'address': {'compare': address_key(), 'columns': address, 'shown': "concat_ws(', ', " ~ address | join(', ') ~ ')'},
    }) }}
{% endmacro %}
