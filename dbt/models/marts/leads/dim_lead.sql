{{ config(indexes=[{'columns': ['org_id', 'lead_score']}]) }}
{% set golden = golden_columns() | reject('in', ['org_id', 'lead_id', 'first_seen_at', 'updated_at', 'mapped_at']) %}

with golden as (

    select * from {{ ref('int_lead_golden') }}

),

scores as (

    select * from {{ ref('int_lead_scores') }}

),

contacts as (

    select * from {{ ref('int_lead_contacts') }}

),

activity as (

    select * from {{ ref('int_lead_activity') }}

),

campaigns as (

    select org_id, lead_id, array_agg(campaign_id order by campaign_id) as campaigns
    from {{ ref('int_lead_campaigns') }}
    group by lead_id, org_id

),

holds as (

    select org_id, lead_id, array_agg(reason order by reason) as reasons
    from {{ ref('int_lead_holds') }}
    group by lead_id, org_id

),

quality as (

    select *, entity_id as lead_id from {{ ref('int_data_quality') }}
    where entity = 'lead'

),

enrichment as (

    select *, subject_id as lead_id from {{ ref('int_enrichment_subjects') }}

),

joined as (

    select
        org_id,
        lead_id,
        {% for column in golden -%}
        golden.{{ column }},
        {% endfor -%}
        coalesce(campaigns.campaigns, '{}') as campaigns,
        holds.reasons is not null as is_held_back,
        coalesce(holds.reasons, '{}') as hold_reasons,
        scores.rules_score,
        scores.model_score,
        scores.lead_score,
        scores.grade,
        scores.priority_tier,
        scores.score_explanations,
        scores.score_reasons,
        quality.data_quality_score,
        quality.completeness,
        quality.accuracy,
        quality.freshness,
        coalesce(enrichment.enrichment_status, 'not_requested') as enrichment_status,
        enrichment.last_enriched_at,
        coalesce(contacts.contact_count, 0) as contact_count,
        contacts.best_contact_id,
        contacts.best_contact_name,
        contacts.best_contact_title,
        contacts.best_contact_email,
        contacts.best_contact_phone,
        coalesce(activity.event_count, 0) as event_count,
        activity.last_event_at,
        coalesce(activity.deal_count, 0) as deal_count,
        coalesce(activity.open_deal_count, 0) as open_deal_count,
        coalesce(activity.activity_count, 0) as activity_count,
        activity.last_activity_at,
        activity.last_outcome,
        activity.last_outcome_at,
        golden.first_seen_at as created_at,
        golden.updated_at
    from golden
    inner join scores using (org_id, lead_id)
    left join campaigns using (org_id, lead_id)
    left join holds using (org_id, lead_id)
    left join contacts using (org_id, lead_id)
    left join activity using (org_id, lead_id)
    inner join quality using (org_id, lead_id)
    left join enrichment using (org_id, lead_id)

)

select * from joined
