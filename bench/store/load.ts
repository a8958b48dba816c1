/** Fills a database with imports as a year of use leaves them, by SQL: the service itself would take days. */
import pg from 'pg';
import { SCHEMA } from '../../store/database.js';

/** Rows per import: 13 events, 9 phases, 5 ledger entries, 3 findings. */
const CHUNK = 50_000;
const DAYS = 365;

export interface Shape {
  readonly imports: number;
  readonly batches: number;
}

/** A batch for every 500 imports. The largest one has a tenth of the imports, the others share six tenths. */
export function shapeOf(imports: number): Shape {
  return { imports, batches: Math.max(4, Math.round(imports / 500)) };
}

export async function load(url: string, shape: Shape, log: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${SCHEMA},public` });
  await client.connect();
  try {
    // Foreign keys are checked row by row, which takes longer than the rows themselves.
    await client.query('set session_replication_role = replica');
    await client.query('set maintenance_work_mem = 1048576');
    await client.query(FUNCTIONS);
    for (let first = 1; first <= shape.imports; first += CHUNK) {
      const last = Math.min(shape.imports, first + CHUNK - 1);
      await client.query('begin');
      for (const statement of statements(shape, first, last)) await client.query(statement);
      await client.query('commit');
      if (shape.imports > CHUNK) log(`${last} of ${shape.imports} imports loaded`);
    }
    for (const statement of batchStatements(shape)) await client.query(statement);
    await client.query(WORKERS);
    // Without triggers, nothing has counted the ended imports.
    await client.query(
      `delete from ended_counts; insert into ended_counts (state, count) select state, count(*) from imports
       where state in ('succeeded', 'failed', 'cancelled') group by state`,
    );
    await client.query(
      'insert into import_terms (term, import_id) select term, i.id from imports i cross join lateral import_terms_of(i) as term',
    );
    await client.query('drop function bench_id, bench_pick');
    await client.query('vacuum (freeze, analyze)');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

const FUNCTIONS = `
  create or replace function bench_id(prefix text, at timestamptz, n bigint) returns text language sql immutable parallel safe as $$
    select prefix || '-' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz',
      (((extract(epoch from at) * 1000)::bigint >> (5 * (9 - i))) & 31)::int + 1, 1), '' order by i)
      || substr(md5(prefix || n), 1, 16)
    from generate_series(0, 9) as i
  $$;
  create or replace function bench_pick(choices text[], n bigint) returns text language sql immutable parallel safe as $$
    select choices[1 + n % array_length(choices, 1)]
  $$;`;

const REGIONS = `array['cn-hangzhou','cn-shanghai','cn-beijing','cn-shenzhen','ap-southeast-1','eu-central-1']`;
const PHASES = `array['accepted','preflight','role','upload','import','detection','distribution','cleanup','done']`;

/** The latest imports run: their number follows from how long an import takes, not from how many there have been. */
function live({ imports }: Shape) {
  const running = Math.min(500, Math.floor(imports / 20));
  const attention = Math.min(100, Math.floor(imports / 50));
  const cancelling = Math.min(3, Math.floor(imports / 300));
  return { running, attention, cancelling, all: running + attention + cancelling };
}

function statements(shape: Shape, first: number, last: number): readonly string[] {
  const { imports, batches } = shape;
  const { running, attention, all } = live(shape);
  const at = `(date_trunc('hour', now()) - interval '${DAYS} days' + n * interval '${DAYS} days' / ${imports})`;
  // The items outside the largest batch, in the order of the imports, and how many there are.
  const other = '(n / 10 * 6 + n % 10 - 1)';
  const others = (Math.floor(imports / 10) + 1) * 6;
  const made = `
    create temporary table made on commit drop as
    with numbered as (
      select n, ${at} as at, bench_pick(${REGIONS}, n * 7 / 3) as region,
        case when n % 10 = 0 then case when n <= ${imports - all} then 1 end
          when n % 10 <= 6 then (2 + ${other} * ${batches - 1} / ${others})::int end as batch,
        case when n > ${imports - running} then 'running'
          when n > ${imports - running - attention} then 'attention'
          when n > ${imports - all} then 'cancelling'
          when n % 47 = 7 then 'failed' when n % 101 = 11 then 'cancelled' else 'succeeded' end as state
      from generate_series(${first}::bigint, ${last}) as n
    )
    select n, bench_id('imp', at, n) as id, at, region, 'images-' || region as bucket, state,
      case when batch is not null then bench_id('bat', ${batchTime('batch', shape)}, batch) end as batch_id,
      case batch when 1 then n / 10
        else ${other} - ceil((batch - 2) * ${others}::numeric / ${batches - 1})::bigint + 1 end as item
    from numbered`;
  const host = `'ecs-image-import-files@host-' || (1 + n % 4)`;
  return [
    made,
    `insert into imports (id, state, phase, version, request, progress, image, attention, attention_version, error, batch_id, file_queue,
       idempotency_key, request_digest, created_by, workflow_started_at, created_at, updated_at, facts, uncertain, check_after, workflow_checked_at,
       workflow_seen_at)
     select id, state, case when state in ('running', 'attention', 'cancelling') then 'import' else 'done' end,
       case when state in ('running', 'attention', 'cancelling') then 5000001 else 9000001 end,
       jsonb_build_object('region', region, 'imageName', 'fleet-web-' || n, 'description', 'Nightly build of the fleet image ' || n,
         'architecture', 'x86_64', 'osType', 'linux', 'platform', 'Ubuntu', 'bootMode', 'UEFI',
         'disks', jsonb_build_array(jsonb_build_object('source', 'file://host-' || (1 + n % 4) || '/images/fleet-web-' || n || '.qcow2', 'format', 'QCOW2')),
         'tags', jsonb_build_object('team', 'team-' || n % 40, 'build', n::text),
         'upload', jsonb_build_object('bucket', bucket, 'prefix', 'imports/' || n % 20 || '/', 'convert', 'auto', 'keepObject', n % 5 = 0),
         'role', 'ensure', 'detection', jsonb_build_object('strategy', 'Standard', 'wait', true, 'failOn', 'blocking'),
         'distribute', jsonb_build_object('regions', case when n % 10 = 3 then jsonb_build_array('cn-qingdao') else '[]' end, 'shareWith', '[]'::jsonb),
         'dryRun', false),
       jsonb_build_object('phase', case when state in ('running', 'attention', 'cancelling') then 'import' else 'done' end, 'percent', 100,
         'bytesDone', null, 'bytesTotal', null, 'bytesPerSecond', null, 'etaSeconds', null),
       case when state = 'succeeded' then jsonb_build_object('imageId', 'm-' || substr(md5(n::text), 1, 17), 'regionId', region, 'taskId', 't-' || substr(md5(n::text), 1, 17)) end,
       case when state = 'attention' then jsonb_build_object('code', bench_pick(array['QuotaExceed.Image','Role.Missing','Account.Arrears'], n),
         'message', 'the image quota of ' || region || ' is exceeded', 'remedy', 'Request a higher quota, then resume.', 'since', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end,
       case when state = 'attention' then 5000001 end,
       case when state = 'failed' then jsonb_build_object('code', bench_pick(array['InvalidImage.NoOs','Image.Unreadable','Detection.Blocking'], n),
         'message', 'the image has no operating system', 'remedy', 'Check the image with inspect.', 'requestId', null, 'phase', 'preflight') end,
       batch_id, ${host}, case when batch_id is null then 'key-' || n end, md5(n::text) || md5(n::text), jsonb_build_object('client', 'bench', 'user', null, 'identity', 'key:' || n % 20), at, at, at + interval '25 minutes',
       jsonb_build_object('account', jsonb_build_object('kind', 'account', 'accountId', '1000000000000001'),
         'settings', jsonb_build_object('kind', 'settings', 'osType', 'linux', 'bootMode', 'UEFI', 'licenseType', 'BYOL')),
       n % 100 = 50,
       case when state in ('succeeded', 'failed', 'cancelled') and n % 100 = 50 and n > ${Math.floor(imports * 0.99)} then now() + interval '5 hours' end,
       -- The workflows of these imports do not exist: no process may look for them.
       case when state in ('running', 'attention', 'cancelling') then 'infinity'::timestamptz end,
       case when state in ('running', 'attention', 'cancelling') then now() end
     from made order by n`,
    `insert into timeline (import_id, phase, started_at, ended_at)
     select id, phase, at + i * interval '3 minutes', at + (i + 1) * interval '3 minutes'
     from made, unnest(${PHASES}) with ordinality as p (phase, i) order by n, i`,
    `insert into ledger (import_id, kind, key, region_id, detail, status, created_at, updated_at)
     select id, kind, case kind when 'multipart-upload' then 'oss://' || bucket || '/' || path when 'object' then 'oss://' || bucket || '/' || path
         when 'task' then 't-' || substr(md5(n::text), 1, 17) when 'image' then 'fleet-web-' || n else 's-' || substr(md5(n::text), 1, 17) end,
       region, case kind when 'multipart-upload' then jsonb_build_object('bucket', bucket, 'key', path, 'uploadId', md5(n::text))
         when 'object' then jsonb_build_object('bucket', bucket, 'key', path, 'size', '2147483648', 'crc64', '1234567890123456789')
         when 'image' then jsonb_build_object('imageId', 'm-' || substr(md5(n::text), 1, 17), 'clientToken', md5(n::text), 'requestId', md5(n::text))
         else jsonb_build_object('imageId', 'm-' || substr(md5(n::text), 1, 17)) end,
       case when state in ('running', 'attention', 'cancelling') then 'created'
         when kind = 'multipart-upload' or state <> 'succeeded' then 'removed'
         when kind = 'object' and n % 5 <> 0 then 'removed' when kind = 'task' then 'removed' else 'kept' end, at, at + interval '10 minutes'
     from (select *, 'imports/' || n % 20 || '/' || id || '/disk-1.qcow2' as path from made) as placed,
       unnest(array['multipart-upload','object','task','image','snapshot']) as k (kind) order by n`,
    `insert into findings (import_id, source, ordinal, finding)
     select id, case when i = 3 then 'cloud' else 'inspection' end, i, jsonb_build_object(
       'code', bench_pick(array['GUESTOS.Virtio','ECSIMPORT.FileSystem','GUESTOS.CloudInit'], i), 'severity', 'info',
       'message', 'the kernel contains the virtio drivers', 'evidence', '/lib/modules/6.8.0-31-generic/modules.builtin line 812', 'remedy', '',
       'source', case when i = 3 then 'cloud' else 'inspection' end, 'disk', 1)
     from made, generate_series(1, 3) as i order by n, i`,
    `insert into events (import_id, at, type, phase, state, message, detail)
     select id, at + i * interval '2 minutes', case when i % 3 = 0 then 'ledger' when i = 13 then 'state' else 'phase' end,
       bench_pick(${PHASES}, least(8, i * 2 / 3)), case when i = 13 then state else 'running' end, 'object created: oss://' || bucket || '/imports/' || id,
       case when i % 3 = 0 then jsonb_build_object('kind', 'object', 'key', 'oss://' || bucket || '/imports/' || id, 'status', 'created') else '{}' end
     from made, generate_series(1, 13) as i order by n, i`,
    `insert into uploads (region_id, bucket, key, sha256, form, state, size, kept)
     select region, bucket, 'imports/' || n % 20 || '/' || id || '/disk-1.qcow2', md5(n::text) || md5((n + 1)::text), 'as-is', 'whole', 2147483648, true
     from made where n % 5 = 0 order by n`,
    `insert into upload_holds (upload, import_id, released)
     select u.id, made.id, made.state in ('succeeded', 'failed', 'cancelled') from made join uploads u
       on u.bucket = made.bucket and u.key = 'imports/' || n % 20 || '/' || made.id || '/disk-1.qcow2' where n % 5 = 0`,
    `insert into batch_items (batch_id, item, line, state, region, bucket, image_name, request, file_queue, priority, rank, attempt, page, import_id, started_at, ended_at)
     select batch_id, item, item, case when state in ('succeeded', 'failed', 'cancelled') then state else 'started' end, region, bucket, 'fleet-web-' || n,
       (select request from imports where imports.id = made.id), ${host}, 5, 5::bigint * 4294967296 + item, 1, 1 + item / 50, id, at,
       case when state in ('succeeded', 'failed', 'cancelled') then at + interval '25 minutes' end
     from made where batch_id is not null order by n`,
  ];
}

/** When a batch was created: the batches are spread over the year. */
function batchTime(batch: string, { batches }: Shape): string {
  return `(date_trunc('hour', now()) - interval '${DAYS} days' + ${batch} * interval '${DAYS} days' / ${batches + 1})`;
}

function batchStatements({ batches, ...shape }: Shape): readonly string[] {
  const time = batchTime('b', { batches, ...shape });
  return [
    `insert into batches (id, name, state, policy, digest, workflow_started_at, created_at, updated_at, ended_at, step, claimed_page)
     select bench_id('bat', ${time}, b), 'batch ' || b, 'succeeded',
       '{"concurrency":50,"perRegion":null,"perBucket":null,"canary":[],"errorBudget":null,"errorBudgetAfter":0,"attentionBudget":null,"schedule":null,"order":"listed","priority":4,"weight":1,"imageQuota":null,"checkFirst":true}',
       md5(b::text), ${time}, ${time}, ${time} + interval '12 hours', ${time} + interval '12 hours', 1000, 0
     from generate_series(1, ${batches}) as b`,
    `insert into batch_lanes (batch_id, region, bucket) select distinct batch_id, region, bucket from batch_items`,
    // Batches with imports that have not ended still run.
    `update batches set state = 'running', ended_at = null, workflow_checked_at = 'infinity', workflow_seen_at = now()
     where id in (select batch_id from batch_items where state = 'started')`,
  ];
}

/** Workers that seem alive: otherwise every running import would wait for one. */
const WORKERS = `
  insert into worker_queues (namespace, task_queue, worker_id, host, identity, seen_at)
  select 'default', queue, 'worker-' || h, 'host-' || h, h || '@host-' || h, '2100-01-01'
  from generate_series(1, 4) as h, unnest(array['ecs-image-import', 'ecs-image-import-files@host-' || h, 'ecs-image-import-uploads@host-' || h]) as queue`;
