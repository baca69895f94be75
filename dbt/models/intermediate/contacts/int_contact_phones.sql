{{ lead_phones(ref('int_contacts_current'), {'phone': 'records.phone_type', 'mobile': "'mobile'"}) }}
