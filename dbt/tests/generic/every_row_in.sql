{# A relationship over several columns, such as (org_id, lead_id): rows of the model that `other` does not have. #}
{% test every_row_in(model, other, columns) %}

select {{ columns | join(', ') }} from {{ model }}
except
select {{ columns | join(', ') }} from {{ other }}

{% endtest %}
