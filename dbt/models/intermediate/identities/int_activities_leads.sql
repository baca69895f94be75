{{ config(materialized='view') }}

with resolved as (

    {{ with_lead(ref('stg_lake__activities')) }}

)

select * from resolved
