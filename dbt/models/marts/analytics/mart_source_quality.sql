{% set fields = ['name', 'domain', 'email', 'phone', 'address'] %}

with records as (

    select * from {{ ref('int_source_records') }}

),

counted as (

    select
        org_id,
        source,
        provider,
        kind,
        count(*) as records,
        avg(is_merged::int)::numeric(5, 4) as merged_share,
        {%- for field in fields %}
        avg(has_{{ field }})::numeric(5, 4) as {{ field }}_fill_rate,
        {%- endfor %}
        (
            sum(
                {%- for field in fields %}
                coalesce({{ field }}_confidence, 0){{ ' +' if not loop.last }}
                {%- endfor %}
            )
            / nullif(sum(
                {%- for field in fields %}
                ({{ field }}_confidence is not null)::int{{ ' +' if not loop.last }}
                {%- endfor %}
            ), 0)
        )::numeric(5, 4) as average_confidence,
        max(fetched_at) as last_received_at
    from records
    group by org_id, source, provider, kind

),

-- Counted apart: a distinct count beside the averages would sort every record by its source's name.
leads as (

    select
        org_id,
        source,
        provider,
        kind,
        count(*) as leads
    from (select distinct org_id, source, provider, kind, lead_id from records) as distinct_leads
    group by org_id, source, provider, kind

),

receipts as (

    select
        org_id,
        source,
        sum(duplicate_rows)::bigint as duplicate_rows
    from {{ ref('stg_lake__file_receipts') }}
    group by org_id, source

),

calls as (

    select
        org_id,
        source,
        count(*) as calls,
        sum(cost_usd)::numeric(18, 4) as cost_usd
    from {{ ref('stg_lake__provider_calls') }}
    group by org_id, source

),

quarantine as (

    select
        org_id,
        source,
        count(*) filter (where stage = 'land') as quarantined_rows,
        count(*) filter (where stage = 'normalize') as quarantined_values
    from {{ ref('stg_lake__quarantined_records') }}
    group by org_id, source

),

joined as (

    select
        counted.*,
        leads.leads,
        counted.records - leads.leads as repeated_records,
        coalesce(quarantine.quarantined_rows, 0) as source_quarantined_rows,
        coalesce(quarantine.quarantined_values, 0) as source_quarantined_values,
        coalesce(receipts.duplicate_rows, 0) as source_duplicate_rows,
        coalesce(calls.calls, 0) as source_calls,
        coalesce(calls.cost_usd, 0)::numeric(18, 4) as source_cost_usd
    from counted
    inner join leads using (org_id, source, provider, kind)
    left join receipts using (org_id, source)
    left join calls using (org_id, source)
    left join quarantine using (org_id, source)

)

select * from joined
