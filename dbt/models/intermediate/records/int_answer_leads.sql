-- An answer makes no lead of its own. Where resolution put its record with a record that came otherwise, that counts;
-- where it has not seen it yet, or put it with answers alone, the record is with the lead that asked first.
with asked as (

    select
        answers.org_id,
        answers.kind,
        answers.record_id,
        coalesce(aliases.lead_id, answers.subject_id) as lead_id,
        min(answers.answered_at) as asked_at
    from {{ ref('stg_lake__enrichment_answers') }} as answers
    left join {{ ref('int_lead_aliases') }} as aliases
        on answers.org_id = aliases.org_id and answers.kind = aliases.kind and answers.subject_id = aliases.alias_id
    where answers.record_id is not null
    group by answers.org_id, answers.kind, answers.record_id, coalesce(aliases.lead_id, answers.subject_id)

),

-- What a campaign or a file brought too is a record like any other.
answers as (

    select distinct
        org_id,
        kind,
        record_id
    from asked

    {%- for kind, model in {'business': 'stg_lake__records', 'person': 'stg_lake__contacts'}.items() %}
    except
    select versions.org_id, '{{ kind }}', versions.record_id
    from {{ ref(model) }} as versions
    inner join asked using (org_id, record_id)
    where asked.kind = '{{ kind }}' and not {{ is_enrichment('versions.source') }}
    {%- endfor %}

),

candidates as (

    select org_id, kind, record_id, lead_id, valid_from as mapped_at, 1 as priority
    from {{ ref('int_lead_map_current') }}
    inner join answers using (org_id, kind, record_id)
    union all
    select org_id, kind, record_id, asked.lead_id, asked.asked_at, 2
    from asked
    inner join answers using (org_id, kind, record_id)

),

standing as (

    select distinct
        org_id,
        kind,
        lead_id
    from {{ ref('int_lead_map_current') }}
    inner join (select distinct org_id, kind, lead_id from candidates) as named using (org_id, kind, lead_id)
    left join answers using (org_id, kind, record_id)
    where answers.record_id is null

),

placed as (

    select distinct on (org_id, kind, record_id)
        org_id,
        kind,
        record_id,
        lead_id,
        mapped_at
    from candidates
    inner join standing using (org_id, kind, lead_id)
    order by org_id, kind, record_id, priority, mapped_at, lead_id

)

select * from placed
