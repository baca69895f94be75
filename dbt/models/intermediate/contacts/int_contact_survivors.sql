{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

{{ surviving_leads(ref('int_contacts_current'), ref('int_contact_winners'), person_units()) }}
