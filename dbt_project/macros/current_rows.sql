{#
  The current rows of an entity, as a subquery: what the lake says now.

  - snapshot tables: the rows of the newest accepted load; absence deletes.
  - upsert and append tables: per record the newest version among accepted loads. Only
    records that occur more than once are ranked: ranking every row of a large table costs
    more than all else in staging.

  `newest_by` names the column that orders versions before the load does, if the entity has
  one. Each part reads the lake for itself, and only the columns it needs.
#}
{% macro current_rows(entity, newest_by=none) -%}
(
  select lake_rows.*
  from {{ source('lake', entity) }} as lake_rows
  inner join {{ ref('stg_lake__loads') }} as loads
    on lake_rows._load_id = loads.load_id
  left join (
    select ranked.*
    from (
      select
        versions.source_system,
        versions._table,
        versions.source_id,
        versions._load_id,
        versions._line,
        versions._file,
        row_number() over (
          partition by versions.source_system, versions._table, versions.source_id
          order by
            {% if newest_by %}versions.{{ newest_by }} desc nulls last,{% endif %}
            versions._load_id desc nulls last,
            versions._line desc nulls last,
            versions._file desc nulls last
        ) as version_rank
      from {{ source('lake', entity) }} as versions
      inner join {{ ref('stg_lake__loads') }} as version_loads
        on versions._load_id = version_loads.load_id and not version_loads.is_snapshot
      inner join (
        select counted.source_system, counted._table, counted.source_id
        from {{ source('lake', entity) }} as counted
        inner join {{ ref('stg_lake__loads') }} as counted_loads
          on counted._load_id = counted_loads.load_id and not counted_loads.is_snapshot
        group by counted.source_system, counted._table, counted.source_id
        having count(*) > 1
      ) as repeated
        on versions.source_system = repeated.source_system
        and versions._table = repeated._table
        and versions.source_id = repeated.source_id
    ) as ranked
    where ranked.version_rank = 1
  ) as newest
    on not loads.is_snapshot
    and lake_rows.source_system = newest.source_system
    and lake_rows._table = newest._table
    and lake_rows.source_id = newest.source_id
  where loads.is_snapshot
    or newest.source_id is null
    or (
      lake_rows._load_id = newest._load_id
      and coalesce(lake_rows._line, -1) = coalesce(newest._line, -1)
      and coalesce(lake_rows._file, '') = coalesce(newest._file, '')
    )
) as current_rows
{%- endmacro %}

{#
  The current rows of a windowed report. In upsert and append tables a day belongs to the
  newest accepted load whose window covers it, so that a row that vanished upstream vanishes
  here; a load without a window covers the days it has rows of.
#}
{% macro current_windowed_rows(entity, day) -%}
(
  select lake_rows.*
  from {{ source('lake', entity) }} as lake_rows
  inner join {{ ref('stg_lake__loads') }} as loads
    on lake_rows._load_id = loads.load_id
  left join (
    select
      days.source_system,
      days._table,
      days.report_day,
      max(covering.load_id) as load_id
    from (
      select source_system, _table, {{ day }} as report_day, _load_id
      from {{ source('lake', entity) }}
      group by source_system, _table, {{ day }}, _load_id
    ) as days
    inner join {{ ref('stg_lake__loads') }} as covering
      on days.source_system = covering.source_system
      and days._table = covering.table_name
      and not covering.is_snapshot
    where (
        covering.window_start is not null
        and cast(days.report_day as timestamp) >= covering.window_start
        and cast(days.report_day as timestamp) < covering.window_end
      )
      or (covering.window_start is null and days._load_id = covering.load_id)
    group by days.source_system, days._table, days.report_day
  ) as newest
    on lake_rows.source_system = newest.source_system
    and lake_rows._table = newest._table
    and lake_rows.{{ day }} = newest.report_day
  where loads.is_snapshot or lake_rows._load_id = newest.load_id
) as current_rows
{%- endmacro %}

{# An agreement table as last accepted, as a subquery. #}
{% macro current_agreement(table) -%}
(
  select loaded.*
  from {{ source('agreement', table) }} as loaded
  inner join {{ ref('stg_lake__loads') }} as loads
    on loaded._load_id = loads.load_id
    and loads.source_system = 'agreement'
    and loads.is_newest
) as agreement_rows
{%- endmacro %}
