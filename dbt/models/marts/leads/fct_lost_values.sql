{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with {{ candidates(ref('int_records_current'), ref('int_company_winners'), company_units(), 'company') }},

{{ candidates(ref('int_contacts_current'), ref('int_contact_winners'), person_units(), 'contact') }}

{{ lost_values('company') }}
union all
{{ lost_values('contact') }}
