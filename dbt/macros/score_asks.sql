{# Where fct_score_history begins when it is built for the first time: yesterday. Earlier days are replayed. #}
{% macro history_begins() -%}
    {%- if modules is defined -%}
    {{ return((modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d')) }}
    {%- endif -%}
{%- endmacro %}

{# A relation without dbt's own cut to the batch's day: a score needs the days before too. #}
{% macro unfiltered(relation) -%}
    {{ return(relation.render() if relation.render is defined else relation) }}
{%- endmacro %}

{# One row: the time as of which a day is scored, the rules as they were known then, and what was scored last before. #}
{% macro score_clock(day, has_history=is_incremental()) %}
    select
        {{ as_of(day) }} as as_of,
        coalesce(latest.as_of, '-infinity') as since,
        coalesce(latest.scored_on, '-infinity') as since_day,
        versions.rules_version,
        versions.quiet_days,
        versions.quiet_share,
        versions.valid_from as rules_from
    from (
        select * from {{ ref('int_rule_versions') }}
        where valid_from <= {{ as_of(day) }}
        order by valid_from desc limit 1
    ) as versions
    left join (
        {% if has_history %}
        select scored_on, as_of from {{ this }}
        where scored_on < {{ day }}
        order by scored_on desc, as_of desc limit 1
        {% else %}
        select null::date as scored_on, null::timestamptz as as_of
        {% endif %}
    ) as latest on true
{% endmacro %}

{# CTEs up to `asks`: the leads of which something became known since `clock.since`, and those whose time to be looked at has
   come. Days that were left out are made up for: what they brought is found by the next day that is scored. #}
{% macro leads_to_score(day) %}
asked as (

    select signals.org_id, named.lead_id
    from {{ unfiltered(ref('int_signal_leads')) }} as signals
    cross join lateral (values (signals.lead_id), (signals.former_lead_id)) as named (lead_id)
    where
        signals.known_at > (select since from clock)
        and signals.known_at <= (select as_of from clock)
        and named.lead_id is not null
    union
    -- New facts; and everybody when the rules are new.
    select facts.org_id, facts.lead_id
    from {{ ref('lead_facts_history') }} as facts
    cross join clock
    where
        facts.valid_from <= clock.as_of
        and (facts.valid_from > clock.since or clock.rules_from > clock.since)
    {% if is_incremental() %}
    union
    select history.org_id, history.lead_id
    from {{ this }} as history
    where
        history.check_on between (select since_day from clock) and {{ day }}
        and history.scored_on < {{ day }}
        and not exists (
            select from {{ this }} as newer
            where
                newer.org_id = history.org_id
                and newer.lead_id = history.lead_id
                and newer.scored_on > history.scored_on
                and newer.scored_on < {{ day }}
        )
    {% endif %}

),

asks as (

    select asked.org_id, asked.lead_id, clock.as_of, clock.rules_version, clock.quiet_days, clock.quiet_share
    from asked
    cross join clock

)
{% endmacro %}

{# Pre-hook of fct_score_restated: a restatement replaces the one before of the same days. #}
{% macro clear_restated() %}
    {%- if var('restate_from', none) and is_incremental() -%}
    delete from {{ this }} where scored_on between date '{{ var("restate_from") }}' and date '{{ var("restate_to") }}'
    {%- endif -%}
{% endmacro %}

{# A batch replaces its day: a row that is no longer so is gone too, which a merge would keep. #}
{% macro postgres__get_incremental_microbatch_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} where {{ model.config.event_time }} = {{ score_day() }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}
