{{ config(indexes=[{'columns': ['org_id', 'identity_type', 'identity_value'], 'unique': true}]) }}

-- Only what events, deals, activities and outcomes name is looked up: few identities, however many leads there are.
with named as (

    {%- for stream in ['int_event_visitors', 'stg_lake__deals', 'stg_lake__activities', 'stg_lake__outcomes'] %}
    {{ named_identities(ref(stream)) }}
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

known as (

    {{ known_identities() }}

),

unambiguous as (

    {{ unambiguous_identities('named', 'known') }}

)

select * from unambiguous
