{{ config(indexes=[{'columns': ['org_id', 'lead_id', 'record_number'], 'unique': true}]) }}

{{ current_records(ref('stg_lake__contacts'), 'person') }}
