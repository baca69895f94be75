"""What people call the canonical fields in their headers; the words `suggest` goes by.

Written as `normal` writes them: lower case, letters and digits only. Earlier words are better guesses.
"""

import re

SYNONYMS: dict[str, str] = {
    "name": "name businessname companyname accountname sitename legalname organization organisation company business "
    "dealname opportunityname displaynametext displayname title",
    "alt_names": "altnames alternatename othernames aka",
    "brand": "brand tradingas tradingname dba doingbusinessas",
    "registration_id": "registrationid registrationno registrationnumber companynumber ein vatid",
    "jurisdiction": "jurisdiction",
    "vertical": "vertical",
    "category": "category categorycode industry businesstype brewerytype primarytype cuisine sector type",
    "website": "website websiteurl websiteuri url homepage web webaddress domain companywebsite companyurl",
    "email": "email emailaddress mail workemail contactemail visitoremail",
    "email_verified": "emailverified emailisverified verifiedemail",
    "phone": "phone phonenumber telephone tel mainphone directphone nationalphonenumber internationalphonenumber",
    "mobile": "mobile mobilephone cell cellphone",
    "fax": "fax faxnumber",
    "address": "address fulladdress formattedaddress onelineaddress",
    "address_line1": "addressline1 address1 street streetaddress addr billingstreet address",
    "address_line2": "addressline2 address2 unit suite",
    "city": "city town locality billingcity",
    "region": "state statecode stateprovince province billingstate region county",
    "postal": "postal postalcode postcode zip zipcode billingzip billingpostalcode",
    "country": "country countrycode countryname billingcountry",
    "lat": "lat latitude locationlatitude",
    "lon": "lon lng longitude locationlongitude",
    "linkedin": "linkedin linkedinurl linkedinprofile",
    "twitter": "twitter twitterurl twitterhandle",
    "facebook": "facebook facebookurl",
    "instagram": "instagram instagramurl",
    "employees": "employees employeecount numberofemployees employeesband employeesrange companysize headcount",
    "revenue": "revenue annualrevenue revenuerange",
    "founded": "founded foundedat foundedyear yearfounded foundeddate incorporated",
    "tech_signals": "technologies techsignals techstack technology",
    "review_count": "reviewcount reviews noofreviews numberofreviews userratingcount ratingcount",
    "rating": "rating stars averagerating score",
    "last_reviewed_at": "lastreviewedat lastreview",
    "hours": "hours openinghours",
    "status": "businessstatus operatingstatus currentstatus",
    "tags": "tags labels keywords",
    "job_posts": "jobposts jobpostings openpositions",
    "press_mentions": "pressmentions newsmentions numarticles",
    "executives": "executives leadership",
    "funding_rounds": "fundingrounds numfundingrounds",
    "first_name": "firstname givenname forename",
    "last_name": "lastname surname familyname",
    "full_name": "fullname contactname personname name",
    "title": "title jobtitle position role",
    "date_of_birth": "dateofbirth dob birthdate",
    "national_id": "nationalid socsecid ssn taxid",
    "company_name": "companyname company employer organization organisation accountname",
    "company_website": "companywebsite companydomain employerwebsite companyurl",
    "company_key": "companykey companyid accountid employeraccountid",
    "consent": "consent optin marketingconsent",
    "domain": "domain accountdomain companydomain visitordomain website",
    "lead_id": "leadid",
    "crm_id": "crmid",
    "event_id": "eventid id",
    "event_type": "eventtype event type eventname",
    "occurred_at": "occurredat timestamp ts at time date eventtime activitydate createdat",
    "deal_id": "dealid opportunityid",
    "stage": "stage dealstage pipelinestage",
    "amount": "amount value dealvalue dealamount",
    "currency": "currency currencycode",
    "owner": "owner ownername rep salesrep ownerid",
    "created_at": "createdat openedat createdate createddate",
    "expected_close_date": "expectedclosedate expectedclose closedate",
    "closed_at": "closedat closeddate",
    "activity_id": "activityid id",
    "activity_type": "activitytype type",
    "result": "result outcome disposition",
    "outcome_id": "outcomeid id",
    "outcome": "outcome status",
    "reason": "reason why comment",
    "scope": "scope type",
    "value": "value email phone domain",
    "suppressed_at": "suppressedat since date createdat",
}

KIND_MARKERS: dict[str, str] = {
    "outcome": "outcome outcomeid",
    "activity": "activity activityid activitytype",
    "deal": "dealid dealname opportunityid opportunityname dealstage",
    "event": "event eventid eventtype eventname visitoremail",
    "suppression": "suppressedat suppressionreason scope",
    "person": "firstname lastname fullname surname givenname jobtitle personid",
}
"""Headers that give a kind away, the surest kind first; without any, rows are businesses."""

KEY_WORDS = "id key uuid guid recordid permalink externalid"
PROVIDER_WORDS = "source provider datasource"


def normal(header: str) -> str:
    """A header as the tables above write it."""
    return re.sub(r"[^a-z0-9]", "", header.lower())
