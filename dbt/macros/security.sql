{# Row-level security of a mart: the role `app` sees the rows of its tenant, and none when no tenant is set.
   A database without that role (a plain `dbt build` on somebody's own server) is left as it is. #}
{% macro secure_mart() %}
{%- if model.config.materialized == 'view' -%}
do $$
begin
    if exists (select from pg_roles where rolname = 'app') then
        grant select on {{ this }} to app;
    end if;
end $$
{%- else -%}
do $$
begin
    alter table {{ this }} enable row level security;
    drop policy if exists tenant on {{ this }};
    if exists (select from pg_roles where rolname = 'app') then
        create policy tenant on {{ this }} for select to app
            using (org_id = nullif(current_setting('app.org_id', true), ''));
        grant select on {{ this }} to app;
    end if;
end $$
{%- endif -%}
{% endmacro %}

{# What keeps the rows of a mart that is a view to the tenant; a view reads with its owner's rights, who sees them all. #}
{% macro tenant_only(org_id) -%}
    (current_user <> 'app' or {{ org_id }} = nullif(current_setting('app.org_id', true), ''))
{%- endmacro %}

{# Lets `app` reach the marts. Once per run: concurrent grants on one schema fail with "tuple concurrently updated". #}
{% macro grant_marts_schema() %}
do $$
begin
    if exists (select from pg_roles where rolname = 'app')
        and exists (select from pg_namespace where nspname = 'marts') then
        grant usage on schema marts to app;
    end if;
end $$
{% endmacro %}
