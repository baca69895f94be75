{{ config(materialized='view') }}

with resolved as (

    {{ with_lead(ref('stg_lake__outcomes')) }}

)

select * from resolved
