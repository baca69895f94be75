{# The model has as many rows as `other`: no join dropped or repeated any. #}
{% test equal_rows(model, other) %}

select counts.rows, counts.other_rows
from (
    select
        (select count(*) from {{ model }}) as rows,
        (select count(*) from {{ other }}) as other_rows
) as counts
where counts.rows <> counts.other_rows

{% endtest %}
