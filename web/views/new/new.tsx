/** Starts an import: a form from the schema of the API, checks before the start, and the same request for other clients. */
import './without-eval.js';

import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { stringify } from 'yaml';
import { isRecord } from '../../../domain/json-value.js';
import { validateRequest } from '../../../domain/request/schema.js';
import { hrefOf } from '../../address.js';
import { ApiError, get, post, type Schemas } from '../../api.js';
import { Button } from '../../components/button.js';
import { Card, PageHead } from '../../components/layout.js';
import { ErrorNote, Note, ServerText } from '../../components/note.js';
import { CodeBlock } from '../../components/show.js';
import { t } from '../../i18n.js';
import { randomKey } from '../../random-key.js';
import { go, queryValue } from '../../router.js';
import { Checks } from './checks.js';
import { commandLine } from './command-line.js';
import {
  differences,
  type FieldPath,
  type Json,
  pathText,
  REQUEST_SCHEMA,
  valueAt,
  withFileUrls,
  withValue,
} from './draft.js';
import { type FormState, SchemaField, SchemaGroup } from './schema-field.js';
import './new.css';

const DETAILS = ['format', 'diskImageSize', 'sha256', 'credential'];
const IMAGE = [
  ...[
    'description',
    'account',
    'architecture',
    'osType',
    'platform',
    'bootMode',
    'licenseType',
    'resourceGroupId',
    'features',
    'tags',
  ],
];
const GROUPS = [
  ['image', IMAGE],
  ['upload', ['upload', 'role', 'roleName', 'storageLocationArn']],
  ['checks', ['inspection', 'detection']],
  ['distribute', ['distribute']],
] as const;

const FOCUS_AFTER_MS = 50;

export default function NewImport() {
  const from = queryValue('from');
  const source = queryValue('source');
  const draft = useSignal<Json>({ disks: [source === undefined ? {} : { source }] });
  const before = useSignal<Json | null>(null);
  const touched = useSignal<ReadonlySet<string>>(new Set());
  const isAttempted = useSignal(false);
  const error = useSignal<ApiError | null>(null);
  const isStarting = useSignal(false);
  // A repeated start of the same request returns the same import.
  const attempt = useRef({ request: '', key: '' });

  useEffect(() => {
    if (from === undefined) return;
    get('/v1/imports/{id}', { path: { id: from } }).then(
      ({ request }) => {
        const { dryRun: _dryRun, ...fields } = request;
        before.value = fields;
        draft.value = fields;
      },
      (problem: unknown) => {
        if (problem instanceof ApiError) error.value = problem;
      },
    );
  }, [from]);

  const request = useComputed(() => withFileUrls(draft.value));
  const validation = useComputed(() => validateRequest(request.value));
  const problems = validation.value.ok ? [] : validation.value.problems;
  const form: FormState = {
    draft: draft.value,
    set(path: FieldPath, value: unknown) {
      touched.value = new Set([...touched.value, pathText(path)]);
      error.value = null;
      draft.value = withValue(draft.value, path, value);
    },
    problemAt(path) {
      if (!isAttempted.value && !touched.value.has(path)) return null;
      const found = problems.find(
        (one) => one.path === path || (one.path.startsWith(`${path}.`) && !path.includes('disks')),
      );
      return found?.message ?? error.value?.errors.find((one) => one.path === path)?.message ?? null;
    },
  };

  async function start(request: Json): Promise<Schemas['StartedImport']> {
    const text = JSON.stringify([request, from]);
    // A plan is made anew each time: what it found before may be fixed.
    if (attempt.current.request !== text || request.dryRun === true)
      attempt.current = { request: text, key: randomKey() };
    const headers = { 'idempotency-key': attempt.current.key };
    if (from !== undefined && before.value !== null) {
      return await post('/v1/imports/{id}/retry', {
        ...{ path: { id: from }, headers },
        body: { set: differences(before.value, request) },
      });
    }
    const checked = validateRequest(request);
    if (!checked.ok) throw new ApiError(400, 'Request.Invalid', t('new.invalid'), '', checked.problems);
    return await post('/v1/imports', { headers, body: bodyOf(request) });
  }

  async function submit(): Promise<void> {
    isAttempted.value = true;
    if (problems.length > 0) {
      // After the fields are marked.
      setTimeout(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), FOCUS_AFTER_MS);
      return;
    }
    isStarting.value = true;
    error.value = null;
    try {
      const { id } = await start(request.value);
      go(hrefOf(['imports', id]));
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.value = problem;
    } finally {
      isStarting.value = false;
    }
  }

  const fields = REQUEST_SCHEMA.properties ?? {};
  const disks = valueAt(draft.value, ['disks']);
  const count = Array.isArray(disks) ? Math.max(1, disks.length) : 1;
  const diskSchema = fields.disks?.items ?? {};
  const sourceSchema = diskSchema.properties?.source ?? {};
  const line = commandLine(request.value);
  const { warnings } = validation.value;
  return (
    <form
      class="stack new-import"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isStarting.value) void submit();
      }}
    >
      <PageHead title={from === undefined ? t('nav.new') : t('new.again')}>
        <p>{from === undefined ? t('new.hint') : t('new.againHint', { id: from })}</p>
      </PageHead>
      <div class="new-columns" key={before.value === null ? 'new' : 'again'}>
        <div class="stack">
          <Card title={t('new.first')}>
            <div class="stack-small">
              <SchemaField form={form} schema={sourceSchema} path={['disks', 0, 'source']} isRequired />
              <div class="form-grid">
                <SchemaField form={form} schema={fields.imageName ?? {}} path={['imageName']} isRequired />
                <SchemaField form={form} schema={fields.region ?? {}} path={['region']} isRequired />
                <SchemaField form={form} schema={fields.upload?.properties?.bucket ?? {}} path={['upload', 'bucket']} />
              </div>
            </div>
          </Card>
          {Array.from({ length: count }, (_, index) => (
            <Card
              key={`${index} of ${count}`}
              title={index === 0 ? t('new.systemDisk') : t('new.dataDisk', { number: index })}
              actions={
                index === 0 ? null : (
                  <Button isSmall kind="quiet" onClick={() => form.set(['disks', index], undefined)}>
                    {t('new.removeDisk')}
                  </Button>
                )
              }
            >
              <SchemaGroup
                form={form}
                schema={diskSchema}
                path={['disks', index]}
                only={index === 0 ? DETAILS : ['source', ...DETAILS]}
              />
            </Card>
          ))}
          <div class="row">
            {count < (fields.disks?.maxItems ?? 1) ? (
              <Button onClick={() => form.set(['disks', count], {})}>{t('new.addDisk')}</Button>
            ) : null}
          </div>
          {GROUPS.map(([name, fields]) => (
            <details key={name} class="card">
              <summary>
                <h2>{t(`new.group.${name}`)}</h2>
                <p class="hint">{t(`new.group.${name}Hint`)}</p>
              </summary>
              <div class="card-body">
                <SchemaGroup form={form} schema={withoutBucket(name)} path={[]} only={fields} />
              </div>
            </details>
          ))}
        </div>
        <div class="stack new-side">
          <Card title={t('new.start')}>
            <div class="stack-small">
              {isAttempted.value && problems.length > 0 ? (
                <Note tone="bad" title={t('new.problems', { count: problems.length })}>
                  <ul class="small stack-small" lang="en">
                    {problems.map(({ path, message }) => (
                      <li key={`${path} ${message}`} class="wrap">
                        {message}
                      </li>
                    ))}
                  </ul>
                </Note>
              ) : null}
              {warnings.length === 0 ? null : (
                <Note tone="warn" title={t('new.warnings')}>
                  {warnings.map(({ message }) => (
                    <ServerText key={message} text={message} />
                  ))}
                </Note>
              )}
              {error.value === null ? null : <ErrorNote error={error.value} />}
              <p class="muted small">{t('new.startHint')}</p>
              <Button type="submit" kind="primary" isBusy={isStarting.value}>
                {t('new.submit')}
              </Button>
            </div>
          </Card>
          <Checks
            draft={request.value}
            isValid={problems.length === 0}
            start={start}
            onAttempt={() => {
              isAttempted.value = true;
            }}
          />
          <Card title={t('new.same')}>
            <div class="stack-small">
              <h3>{t('new.commandLine')}</h3>
              {line === null ? (
                <p class="muted">{t('new.noCommandLine')}</p>
              ) : (
                <CodeBlock text={line} of={t('new.commandLine')} />
              )}
              <h3>{t('new.yaml')}</h3>
              <CodeBlock text={stringify(request.value).trimEnd()} of={t('new.yaml')} />
            </div>
          </Card>
        </div>
      </div>
    </form>
  );
}

/** The bucket is among the first fields. */
function withoutBucket(group: string): typeof REQUEST_SCHEMA {
  const { upload, ...others } = REQUEST_SCHEMA.properties ?? {};
  if (group !== 'upload' || upload === undefined) return REQUEST_SCHEMA;
  const { bucket: _bucket, ...rest } = upload.properties ?? {};
  return { ...REQUEST_SCHEMA, properties: { upload: { ...upload, properties: rest }, ...others } };
}

/** The request was validated with the schema of the API, which is the one of this type. */
function bodyOf(request: Json): Schemas['ImportRequest'] {
  if (!isImportRequest(request)) throw new Error('the request has no disks');
  return request;
}

function isImportRequest(request: Json): request is Schemas['ImportRequest'] & Json {
  return Array.isArray(request.disks) && request.disks.every(isRecord);
}
