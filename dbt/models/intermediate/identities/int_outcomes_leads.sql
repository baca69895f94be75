{{ config(materialized='view') }}

{{ with_lead(ref('stg_lake__outcomes')) }}
