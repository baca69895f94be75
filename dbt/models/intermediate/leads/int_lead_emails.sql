{{ config(indexes=[{'columns': ['org_id', 'email']}]) }}

{{ lead_emails(ref('int_records_current')) }}
