-- Values of golden records with the waterfall field that each is, of the subjects that were asked about alone.
with subjects as (

    select * from {{ ref('int_enrichment_subjects') }}

),

evidence as (

    {%- for golden, id in {'int_lead_golden': 'lead_id', 'int_contact_golden': 'contact_id'}.items() %}
    select golden.org_id, golden.{{ id }} as subject_id, said.evidence
    from {{ ref(golden) }} as golden
    inner join subjects on golden.org_id = subjects.org_id and golden.{{ id }} = subjects.subject_id
    cross join lateral jsonb_array_elements(golden.provenance) as said (evidence)
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- A field of several columns is as fresh as the latest of them.
surviving as (

    select
        evidence.org_id,
        evidence.subject_id,
        fields.field,
        evidence.evidence ->> 'provider' as provider,
        max((evidence.evidence ->> 'fetched_at')::timestamptz) as fetched_at
    from evidence
    inner join {{ ref('enrichment_fields') }} as fields on evidence.evidence -> 'fields' ? fields.column_name
    group by evidence.org_id, evidence.subject_id, fields.field, evidence.evidence ->> 'provider'

)

select * from surviving
