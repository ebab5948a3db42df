-- One row per rep whose records tell of a team, marketing or sales; one rep may be in several
-- tables, and names may tell of two: then marketing, the first of the alphabet.
select
    records.rep_id,
    min({{ funnel_team("reps.team") }}) as team
from {{ ref('stg_generic__reps') }} as reps
inner join {{ ref('int_rep_records') }} as records
    on reps.source_system = records.source_system
    and reps.source_id = records.source_id
where {{ funnel_team("reps.team") }} is not null
group by records.rep_id
