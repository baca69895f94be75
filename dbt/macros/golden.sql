{# The columns of `int_lead_golden`, in order: companies and people without a company have the same. #}
{% macro golden_columns() %}
    {{ return([
        'org_id', 'lead_id', 'lead_kind', 'name', 'legal_name', 'alt_names', 'registration_id', 'jurisdictions', 'brand',
        'vertical', 'category', 'website', 'domain', 'is_domain_verified', 'has_email_at_domain', 'domains', 'email',
        'emails', 'phone', 'phone_type', 'phones', 'address_line1', 'address_line2', 'city', 'region', 'postal', 'country',
        'lat', 'lon', 'linkedin', 'twitter', 'facebook', 'instagram', 'employees_range', 'revenue_range', 'founded_year',
        'tech_signals', 'review_count', 'rating', 'last_reviewed_at', 'hours', 'business_status', 'tags', 'provenance',
        'record_count', 'source_count', 'first_seen_at', 'updated_at', 'mapped_at',
    ]) }}
{% endmacro %}
