-- lowest version: 0.1.0
-- The imports that had ended before the triggers of the previous migration: all of them, less those that the triggers have
-- counted since. One statement sees both at the same moment, so that no lock is needed.

insert into ended_counts (state, count)
select state, sum(count) from (
  select state, count(*) from imports where state in ('succeeded', 'failed', 'cancelled') group by state
  union all
  select state, -sum(count) from ended_counts group by state
) as counted group by state having sum(count) <> 0;
