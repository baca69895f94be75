{# The database's clock before anything is read: what is loaded later is later, so the next build finds it. #}
{% macro read_at() -%}
    {%- if execute -%}
    '{{ run_query("select clock_timestamp()::text").rows[0][0] }}'::timestamptz
    {%- else -%}
    now()
    {%- endif -%}
{%- endmacro %}

{# Whether a row of a lake table is of a partition that was loaded since the model last added rows. The partitions are
   literal, so that the index on them is used: a build costs what came, not what there is. A mirror that was filled by
   hand, without notes in ops.lake_loads, is read whole. #}
{% macro is_newly_loaded(table) -%}
    {%- if not (execute and is_incremental()) -%}
    true
    {%- else -%}
        {%- set loads = run_query(
            "select split_part(lake_partition, '/', 1), split_part(lake_partition, '/', 2),"
            ~ " split_part(lake_partition, '/', 3),"
            ~ " loaded_at > (select coalesce(max(loaded_at), '-infinity') from " ~ this ~ ")"
            ~ " from ops.lake_loads where table_name = '" ~ table ~ "'"
        ).rows -%}
        {%- set fresh = [] -%}
        {%- for load in loads if load[3] -%}
            {%- do fresh.append("('" ~ load[0] ~ "', '" ~ load[1] ~ "', date '" ~ load[2] ~ "')") -%}
        {%- endfor -%}
    {{- 'true' if not loads else 'false' if not fresh
        else '(org_id, source, partition_date) in (' ~ fresh | join(', ') ~ ')' }}
    {%- endif -%}
{%- endmacro %}

{# A property of an event by any of its names, wherever it stands in what the sender said, JSON within text included. #}
{% macro event_property(properties, names) -%}
    substring({{ properties }}::text from '\\?"(?:{{ names | join('|') }})\\?"\s*:\s*\\?"([^"\\]+)')
{%- endmacro %}

{# What rules look at besides the type: path of the page, kind of form, and what came of it. #}
{% macro event_attributes(properties) -%}
    lower(substring({{ event_property(properties, ['url', 'page_url', 'page', 'path']) }} from '^(?:https?://[^/?#]+)?([^?#]*)'))
        as url_path,
    lower({{ event_property(properties, ['form_type', 'form', 'form_name']) }}) as form_type,
    lower({{ event_property(properties, ['result', 'direction', 'status']) }}) as result
{%- endmacro %}

{# Who an event is of, as its sender named them: one id for the same five identities. #}
{% macro visitor_id(row) -%}
    md5(concat_ws('|', {% for name in ['email', 'domain', 'company_key', 'lead_id', 'crm_id'] -%}
        coalesce({{ row }}.identity_{{ name }}::text, ''){{ ', ' if not loop.last }}
    {%- endfor %}))::uuid
{%- endmacro %}

{# Columns of every stream of events, in order. #}
{% macro event_columns() %}
    {{ return([
        'org_id', 'event_id', 'origin', 'source', 'partition_date', 'identity_email', 'identity_domain',
        'identity_company_key', 'identity_lead_id', 'identity_crm_id', 'event_type', 'properties', 'occurred_at',
        'received_at',
    ]) }}
{% endmacro %}

{# Whether a text is a plain number. #}
{% macro is_number(value) -%}
    {{ value }} ~ '^-?\d+(\.\d+)?$'
{%- endmacro %}
