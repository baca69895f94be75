{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

{{ unit_winners(ref('int_records_current'), company_units()) }}
