{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

{{ surviving_leads(ref('int_records_current'), ref('int_company_winners'), company_units()) }}
