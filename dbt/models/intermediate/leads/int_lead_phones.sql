{{ lead_phones(ref('int_records_current'), {'phone': 'records.phone_type', 'fax': "'fax'"}) }}
