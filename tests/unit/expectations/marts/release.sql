create table marts.kpi_restatements (release_id varchar);
