{{ config(indexes=[{'columns': ['org_id', 'email']}]) }}

{{ lead_emails(ref('int_contacts_current')) }}
