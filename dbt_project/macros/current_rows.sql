{#
  The current rows of an entity, as a subquery: what the lake says now.

  - snapshot tables: the rows of the newest accepted load; absence deletes.
  - append tables: of each input file the rows of the newest accepted load that read it.
  - upsert and append tables: per record the newest version among accepted loads. Only
    records that occur more than once are ranked: ranking every row of a large table costs
    more than all else in staging.

  `newest_by` names the column that orders versions before the load does, if the entity has
  one. Each part reads the lake for itself, and only the columns it needs; or `versions`, a
  relation that has every row of the lake once already.
#}
{% macro current_rows(entity, newest_by=none, versions=none) -%}
{%- set versions = versions or source('lake', entity) -%}
(
  select lake_rows.*
  from {{ rows_of_loads(versions, 'lake_rows', 'loads') }}
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
            versions._file desc nulls last,
            versions._line desc nulls last
        ) as version_rank
      from {{ rows_of_loads(versions, 'versions', 'version_loads') }}
      inner join (
        select counted.source_system, counted._table, counted.source_id
        from {{ rows_of_loads(versions, 'counted', 'counted_loads') }}
        where not counted_loads.is_snapshot and counted_replaced.load_id is null
        group by counted.source_system, counted._table, counted.source_id
        having count(*) > 1
      ) as repeated
        on versions.source_system = repeated.source_system
        and versions._table = repeated._table
        and versions.source_id = repeated.source_id
      where not version_loads.is_snapshot and versions_replaced.load_id is null
    ) as ranked
    where ranked.version_rank = 1
  ) as newest
    on not loads.is_snapshot
    and lake_rows.source_system = newest.source_system
    and lake_rows._table = newest._table
    and lake_rows.source_id = newest.source_id
  where lake_rows_replaced.load_id is null
    and (
      loads.is_snapshot
      or newest.source_id is null
      or (
        lake_rows._load_id = newest._load_id
        and coalesce(lake_rows._line, -1) = coalesce(newest._line, -1)
        and coalesce(lake_rows._file, '') = coalesce(newest._file, '')
      )
    )
) as current_rows
{%- endmacro %}

{#
  The current rows of a windowed report. In an upsert table, and in an append table that asks
  for windows, a day belongs to the newest accepted load whose window covers it, so that a row
  that vanished upstream vanishes here. A load without a window covers, with each of its files,
  the days from the file's first to its last one. In an append table of files each file counts
  beside the others, as `current_rows` says.
#}
{% macro current_windowed_rows(entity, day) -%}
(
  select lake_rows.*
  from {{ rows_of_loads(source('lake', entity), 'lake_rows', 'loads') }}
  left join (
    select ranked.*
    from (
      select
        days.source_system,
        days._table,
        days.report_day,
        covering.load_id,
        covering.file_name,
        row_number() over (
          partition by days.source_system, days._table, days.report_day
          order by covering.load_id desc nulls last, covering.file_name desc nulls last
        ) as cover_rank
      from (
        select distinct source_system, _table, {{ day }} as report_day
        from {{ source('lake', entity) }}
      ) as days
      inner join (
        select
          source_system,
          table_name as _table,
          load_id,
          cast(null as string) as file_name,
          cast(window_start as date) as first_day,
          {{ add_days('cast(window_end as date)', -1) }} as last_day
        from {{ ref('stg_lake__loads') }}
        where window_start is not null and not is_snapshot and not is_by_file
        union all
        select
          reports.source_system,
          reports._table,
          reports._load_id as load_id,
          reports._file as file_name,
          min(reports.{{ day }}) as first_day,
          max(reports.{{ day }}) as last_day
        from {{ rows_of_loads(source('lake', entity), 'reports', 'report_loads') }}
        where report_loads.window_start is null
          and not report_loads.is_snapshot
          and not report_loads.is_by_file
          and reports_replaced.load_id is null
        group by reports.source_system, reports._table, reports._load_id, reports._file
      ) as covering
        on days.source_system = covering.source_system
        and days._table = covering._table
        and days.report_day >= covering.first_day
        and days.report_day <= covering.last_day
    ) as ranked
    where ranked.cover_rank = 1
  ) as newest
    on lake_rows.source_system = newest.source_system
    and lake_rows._table = newest._table
    and lake_rows.{{ day }} = newest.report_day
  where lake_rows_replaced.load_id is null
    and (
      loads.is_snapshot
      or loads.is_by_file
      or (
        lake_rows._load_id = newest.load_id
        and (newest.file_name is null or lake_rows._file = newest.file_name)
      )
    )
) as current_rows
{%- endmacro %}

{#
  The lake's rows beside their loads, as far as these count, for a `from`. A row whose
  file was read again by a newer load is marked: `<name>_replaced.load_id` is its load.
#}
{% macro rows_of_loads(rows, name, loads) -%}
  {{ rows }} as {{ name }}
  inner join {{ ref('stg_lake__loads') }} as {{ loads }}
    on {{ name }}._load_id = {{ loads }}.load_id
  left join {{ ref('stg_lake__replaced_files') }} as {{ name }}_replaced
    on {{ name }}._load_id = {{ name }}_replaced.load_id
    and {{ name }}._file = {{ name }}_replaced.file_name
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
