{# Values that did not survive although their record has them, for the units of `survivorship`: leads of two records or
   more, each beside the value that won, and what decided. It reads the CTEs of `candidates`. #}
{% macro lost_values(entity) %}
select
    lost.org_id,
    lost.lead_id,
    '{{ entity }}' as entity,
    lost.field,
    lost.record_id,
    lost.provider,
    lost.value,
    lost.confidence,
    lost.fetched_at,
    won.value as surviving_value,
    won.record_id as surviving_record_id,
    won.provider as surviving_provider,
    won.confidence as surviving_confidence,
    won.fetched_at as surviving_fetched_at,
    case
        when lost.confidence < won.confidence then 'less sure'
        when lost.votes < won.votes then 'fewer providers agree'
        when lost.fetched_at < won.fetched_at then 'older'
        else 'later in the order of providers and records'
    end as reason
from {{ entity }}_candidates as lost
inner join {{ entity }}_candidates as won using (lead_id, org_id, field)
where
    won.record_number = won.winner
    and lost.key <> won.key
{% endmacro %}

{# The CTEs that `lost_values` reads: the fields about which each lead's records differ, found in one pass by a minimum and
   a maximum per field, and `<entity>_candidates`, what each record says of them. Unfolding every field of every record
   would take six times as long. #}
{% macro candidates(records, winners, units, entity) %}
{{ entity }}_disputes as (

    select
        org_id,
        lead_id,
        array_remove(array[
            {%- for unit, spec in units.items() %}
            case when min(({{ spec.compare }}) collate "C") <> max(({{ spec.compare }}) collate "C") then '{{ unit }}' end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ], null) as fields
    from {{ records }}
    where record_count > 1
    group by lead_id, org_id

),

{{ entity }}_winners as (

    select
        winners.org_id,
        winners.lead_id,
        disputed.field,
        case disputed.field
            {%- for unit in units %}
            when '{{ unit }}' then winners.{{ unit }}
            {%- endfor %}
        end as winner
    from {{ winners }} as winners
    inner join {{ entity }}_disputes as disputes using (org_id, lead_id)
    cross join lateral unnest(disputes.fields) as disputed (field)

),

{{ entity }}_sayings as (

    select
        org_id,
        lead_id,
        {{ entity }}_winners.field,
        {{ entity }}_winners.winner,
        record_id,
        record_number,
        provider,
        fetched_at,
        -- Each provider has one vote, its latest record; of two records none is counted (see unit_winners).
        (is_latest_of_provider and record_count > 2)::int as vote,
        case {{ entity }}_winners.field
            {%- for unit, spec in units.items() %}
            when '{{ unit }}' then {{ spec.compare }}
            {%- endfor %}
        end as key,
        case {{ entity }}_winners.field
            {%- for unit, spec in units.items() %}
            when '{{ unit }}' then {{ spec.shown or spec.columns[0] ~ '::text' }}
            {%- endfor %}
        end as value,
        coalesce((provenance -> case {{ entity }}_winners.field
            {%- for unit, spec in units.items() %}
            when '{{ unit }}' then '{{ spec.columns[0] }}'
            {%- endfor %}
        end)::numeric, 0)::numeric(5, 4) as confidence
    from {{ entity }}_winners
    inner join {{ records }} using (org_id, lead_id)

),

{{ entity }}_candidates as (

    select
        sayings.*,
        sum(vote) over (partition by lead_id, org_id, field, key) as votes
    from {{ entity }}_sayings as sayings
    where key is not null

)
{% endmacro %}
