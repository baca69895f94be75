{{ config(indexes=[{'columns': ['org_id', 'alias_id']}]) }}

with recursive living as (

    select distinct
        org_id,
        kind,
        lead_id
    from {{ ref('int_lead_map_current') }}

),

former as (

    -- The latest merge of each id that leads no more; one that lives again after a split means itself.
    select distinct on (aliases.org_id, aliases.kind, aliases.alias_id)
        aliases.org_id,
        aliases.kind,
        aliases.alias_id,
        aliases.lead_id
    from {{ ref('stg_lake__lead_aliases') }} as aliases
    left join living
        on aliases.org_id = living.org_id and aliases.kind = living.kind and aliases.alias_id = living.lead_id
    where living.lead_id is null
    order by aliases.org_id, aliases.kind, aliases.alias_id, aliases.valid_from desc

),

followed as (

    -- A lead can be merged into one that is merged later. `union` ends a walk that would go in a circle.
    select
        org_id,
        kind,
        alias_id,
        lead_id
    from former

    union

    select
        followed.org_id,
        followed.kind,
        followed.alias_id,
        former.lead_id
    from followed
    inner join former
        on followed.org_id = former.org_id and followed.kind = former.kind and followed.lead_id = former.alias_id

),

resolved as (

    select followed.*
    from followed
    inner join living using (org_id, kind, lead_id)

)

select * from resolved
