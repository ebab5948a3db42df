{# What a source's segment is called in the agreement: one row per value that means an agreed
   segment. A value that means none has no row and stays as it is. #}
with given as (
    {% for entity in ['accounts', 'leads', 'opportunities', 'conversions', 'campaigns', 'ad_reports', 'marketing_plans'] %}
    select segment from {{ ref('stg_generic__' ~ entity) }}
    {{ 'union' if not loop.last }}
    {% endfor %}
)

select
    given.segment as raw_segment,
    min({{ struct({'position': 'agreed.position', 'segment': 'agreed.segment'}) }}).segment as segment
from given
cross join {{ ref('stg_agreement__segments') }} as agreed
where {{ folded('given.segment') }} = {{ folded('agreed.segment') }}
    or {{ matches_fully('trim(given.segment)', 'agreed.labels') }}
group by given.segment
