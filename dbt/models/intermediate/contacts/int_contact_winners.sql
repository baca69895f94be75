{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

{{ unit_winners(ref('int_contacts_current'), person_units()) }}
