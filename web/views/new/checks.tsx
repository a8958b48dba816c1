/** The checks of a request before it starts: the inspection of its system disk, and the plan that a dry run makes. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isFinal } from '../../../domain/import.js';
import { isRecord } from '../../../domain/json-value.js';
import { hrefOf } from '../../address.js';
import { ApiError, get, post, type Schemas } from '../../api.js';
import { Button } from '../../components/button.js';
import { Card } from '../../components/layout.js';
import { ErrorNote, Note, ServerText } from '../../components/note.js';
import { t } from '../../i18n.js';
import { Findings, type Inspection, VerdictNote } from '../inspect/verdict.js';
import { type Json, valueAt } from './draft.js';
import { PlanView } from './plan.js';

type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'busy'; readonly phase: string | null }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'inspected'; readonly inspection: Inspection }
  | { readonly kind: 'planned'; readonly plan: Schemas['Plan']; readonly view: Schemas['Import'] }
  /** The dry run was refused, or stopped for attention. */
  | { readonly kind: 'refused'; readonly view: Schemas['Import'] };

const POLL_MS = 500;

/** @param retryOf the import whose request this is: its sources may have a query that the page does not get */
export function Checks(props: {
  readonly draft: Json;
  readonly isValid: boolean;
  readonly start: (draft: Json) => Promise<Schemas['StartedImport']>;
  readonly onAttempt: () => void;
}) {
  const { draft, isValid, start, onAttempt } = props;
  const outcome = useSignal<Outcome>({ kind: 'none' });
  const isLeft = useRef(false);
  useEffect(
    () => () => {
      isLeft.current = true;
    },
    [],
  );
  const source = valueAt(draft, ['disks', 0, 'source']);
  const isFile = typeof source === 'string' && /^(file:|\/)/.test(source);

  async function run(kind: 'inspect' | 'plan'): Promise<void> {
    outcome.value = { kind: 'busy', phase: null };
    try {
      outcome.value = kind === 'inspect' ? await inspect(String(source)) : await plan();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      outcome.value = { kind: 'failed', error };
    }
  }

  async function inspect(file: string): Promise<Outcome> {
    return { kind: 'inspected', inspection: await post('/v1/inspections', { body: { source: file, role: 'system' } }) };
  }

  /** A dry run is an import that ends after its preflight. */
  async function plan(): Promise<Outcome> {
    const { id } = await start({ ...draft, dryRun: true });
    for (;;) {
      const view = await get('/v1/imports/{id}', { path: { id } });
      if (isFinal(view.state) || view.state === 'attention') {
        if (view.state !== 'succeeded') return { kind: 'refused', view };
        return { kind: 'planned', plan: await get('/v1/imports/{id}/plan', { path: { id } }), view };
      }
      if (isLeft.current) return { kind: 'none' };
      outcome.value = { kind: 'busy', phase: view.waitingFor?.message ?? null };
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  const { value } = outcome;
  const isBusy = value.kind === 'busy';
  return (
    <Card
      title={t('new.checks')}
      actions={
        <div class="row">
          {isFile ? (
            <Button isBusy={isBusy} onClick={() => void run('inspect')}>
              {t('new.inspect')}
            </Button>
          ) : null}
          <Button isBusy={isBusy} onClick={() => (isValid ? void run('plan') : onAttempt())}>
            {t('new.plan')}
          </Button>
        </div>
      }
    >
      <div class="stack-small" aria-live="polite">
        {value.kind === 'none' ? <p class="muted">{t(isFile ? 'new.checksHint' : 'new.checksHintRemote')}</p> : null}
        {value.kind === 'busy' ? (
          <p role="status">
            {t('new.checking')} {value.phase === null ? null : <ServerText text={value.phase} />}
          </p>
        ) : null}
        {value.kind === 'failed' ? <ErrorNote error={value.error} /> : null}
        {value.kind === 'inspected' ? (
          <>
            <VerdictNote findings={value.inspection.findings} />
            <Findings findings={value.inspection.findings} />
            <a href={hrefOf(['inspections', value.inspection.id])}>{t('new.verdictPage')}</a>
          </>
        ) : null}
        {value.kind === 'planned' ? (
          <>
            <VerdictNote findings={value.view.findings} />
            <PlanView plan={value.plan} />
            <a href={hrefOf(['imports', value.view.id])}>{t('new.dryRun')}</a>
          </>
        ) : null}
        {value.kind === 'refused' ? <Refused view={value.view} /> : null}
      </div>
    </Card>
  );
}

function Refused({ view }: { readonly view: Schemas['Import'] }) {
  const why = view.error ?? view.attention;
  return (
    <>
      <Note tone="bad" title={t('new.refused')}>
        {why === null ? null : (
          <>
            <ServerText text={why.message} />
            <p class="remedy" lang="en">
              {why.remedy}
            </p>
            <code class="muted">{isRecord(why) ? why.code : ''}</code>
          </>
        )}
      </Note>
      <Findings findings={view.findings} />
      <a href={hrefOf(['imports', view.id])}>{t('new.dryRun')}</a>
    </>
  );
}
