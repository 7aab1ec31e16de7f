-- Whether dbt's last runs allow the numbers. The summary, `verify` and the mart `summary_freshness`
-- read this view, so that the three always agree. A deployment and a refresh settle as well, so either
-- makes up for a settle that failed; a check makes up only for a check. A run that was interrupted, or
-- that has not ended yet, says nothing about the data.
create view transform.health as
select
    settlement.settled_at,
    last_settle.command as last_settle_command,
    last_settle.status as last_settle_status,
    last_settle.finished_at as last_settle_finished_at,
    last_settle.error as last_settle_error,
    last_check.status as last_check_status,
    last_check.finished_at as last_check_finished_at,
    last_check.error as last_check_error,
    'failed' not in (
        coalesce(last_settle.status, ''), coalesce(last_check.status, '')
    ) as is_healthy
from transform.settlement
left join (
    select command, status, finished_at, error
    from transform.runs
    where status in ('passed', 'failed') and command in ('settle', 'deploy', 'refresh')
    order by finished_at desc
    limit 1
) as last_settle on true
left join (
    select status, finished_at, error
    from transform.runs
    where status in ('passed', 'failed') and command = 'check'
    order by finished_at desc
    limit 1
) as last_check on true;
comment on view transform.health is 'The last run that settled, the last check of all data, and whether both passed. One row.';

grant select on transform.health to streaming_transform, streaming_read;
