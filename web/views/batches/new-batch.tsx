/** A new batch: a file is checked while it is chosen or edited, every invalid line is shown in place, and then it starts. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { hrefOf } from '../../address.js';
import { ApiError, type Schemas } from '../../api.js';
import { Button, LinkButton } from '../../components/button.js';
import { CheckField, TextField } from '../../components/form.js';
import { Card, Facts, PageHead } from '../../components/layout.js';
import { ErrorNote, Note, ServerText } from '../../components/note.js';
import { countText } from '../../format.js';
import { t } from '../../i18n.js';
import { randomKey } from '../../random-key.js';
import { go } from '../../router.js';
import { PolicyPicture } from './policy-picture.js';
import { type BatchFile, checkFile, ENDINGS, startFile } from './send-file.js';

const CHECK_AFTER_MS = 400;
/** A larger file is not shown for editing. */
const MOST_EDITED = 200_000;
const SHOWN_BAD = 100;

const SCHEDULE_EXAMPLE = '20:00-06:00 Asia/Shanghai';
const EXAMPLE = `region,imageName,source,bucket
cn-hangzhou,web-01,file:///images/web-01.qcow2,my-bucket
cn-hangzhou,web-02,file:///images/web-02.qcow2,my-bucket
`;

type Checked =
  | { readonly kind: 'none' | 'busy' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'checked'; readonly check: Schemas['BatchCheck'] };

export function NewBatch() {
  const file = useSignal<BatchFile | null>(null);
  const name = useSignal('');
  const concurrency = useSignal('');
  const canary = useSignal('');
  const errorBudget = useSignal('');
  const schedule = useSignal('');
  const skipInvalid = useSignal(false);
  const checked = useSignal<Checked>({ kind: 'none' });
  const starting = useSignal<{ readonly isBusy: boolean; readonly error: ApiError | null }>({
    isBusy: false,
    error: null,
  });
  const attempt = useRef({ of: '', key: '' });
  const id = useId();

  const settings = useComputed(() => ({
    name: name.value.trim(),
    policy: policyOf({
      concurrency: concurrency.value,
      canary: canary.value,
      errorBudget: errorBudget.value,
      schedule: schedule.value,
    }),
    skipInvalid: skipInvalid.value,
  }));
  const sent = JSON.stringify([file.value, settings.value]);

  useEffect(() => {
    const current = file.value;
    if (current === null || current.text.trim() === '') {
      checked.value = { kind: 'none' };
      return;
    }
    const stop = new AbortController();
    checked.value = checked.value.kind === 'checked' ? checked.value : { kind: 'busy' };
    const timer = setTimeout(() => {
      checkFile(current, settings.value, stop.signal).then(
        (check) => {
          checked.value = { kind: 'checked', check };
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          if (!(error instanceof ApiError)) throw error;
          checked.value = { kind: 'failed', error };
        },
      );
    }, CHECK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [sent]);

  async function start(current: BatchFile): Promise<void> {
    if (attempt.current.of !== sent) attempt.current = { of: sent, key: randomKey() };
    starting.value = { isBusy: true, error: null };
    try {
      const { id: batchId } = await startFile(current, settings.value, attempt.current.key);
      go(hrefOf(['batches', batchId]));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      starting.value = { isBusy: false, error };
      return;
    }
    starting.value = { isBusy: false, error: null };
  }

  async function choose(files: FileList | null | undefined): Promise<void> {
    const [chosen] = [...(files ?? [])];
    if (chosen === undefined) return;
    file.value = { name: chosen.name, text: await chosen.text() };
  }

  const { value } = checked;
  const check = value.kind === 'checked' ? value.check : null;
  const mayStart =
    check !== null &&
    check.unreadable === null &&
    check.headerProblems.length === 0 &&
    (check.invalid === 0 || (skipInvalid.value && check.invalid < check.items));
  return (
    <div class="stack">
      <PageHead title={t('batches.new')}>
        <p>{t('batches.newHint')}</p>
      </PageHead>
      <div class="columns">
        <Card title={t('batches.file')}>
          <div class="stack-small">
            {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same with the keyboard */}
            <div
              class="drop"
              onDragOver={(event) => event.preventDefault()}
              onDrop={(event) => {
                event.preventDefault();
                void choose(event.dataTransfer?.files);
              }}
            >
              <label class="button primary" for={id}>
                {t('batches.choose')}
              </label>
              <input
                id={id}
                class="visually-hidden"
                type="file"
                accept={ENDINGS.join(',')}
                onChange={({ currentTarget }) => void choose(currentTarget.files)}
              />
              <span class="muted">{file.value === null ? t('batches.drop') : file.value.name}</span>
            </div>
            {file.value === null ? (
              <div class="row">
                <Button
                  isSmall
                  kind="quiet"
                  onClick={() => {
                    file.value = { name: 'batch.csv', text: EXAMPLE };
                  }}
                >
                  {t('batches.example')}
                </Button>
              </div>
            ) : file.value.text.length > MOST_EDITED ? (
              <p class="muted small">{t('batches.large')}</p>
            ) : (
              <textarea
                class="mono batch-text"
                rows={12}
                wrap="off"
                spellcheck={false}
                aria-label={t('batches.text')}
                value={file.value.text}
                onInput={({ currentTarget }) => {
                  file.value = { name: file.value?.name ?? 'batch.csv', text: currentTarget.value };
                }}
              />
            )}
          </div>
        </Card>
        <Card title={t('batches.policy')}>
          <div class="form-grid">
            <TextField
              label={t('batches.name')}
              hint={t('batches.nameHint')}
              value={name.value}
              onInput={(text) => {
                name.value = text;
              }}
            />
            <TextField
              label={t('policy.concurrency')}
              isNumber
              placeholder="50"
              hint={t('policy.concurrencyHint')}
              problem={headerProblem(check, 'concurrency')}
              value={concurrency.value}
              onInput={(text) => {
                concurrency.value = text;
              }}
            />
            <TextField
              label={t('policy.canary')}
              placeholder="5, 50"
              hint={t('policy.canaryHint')}
              problem={headerProblem(check, 'canary')}
              value={canary.value}
              onInput={(text) => {
                canary.value = text;
              }}
            />
            <TextField
              label={t('policy.errorBudget')}
              placeholder="5%"
              hint={t('policy.errorBudgetHint')}
              problem={headerProblem(check, 'errorBudget')}
              value={errorBudget.value}
              onInput={(text) => {
                errorBudget.value = text;
              }}
            />
            <TextField
              label={t('policy.schedule')}
              placeholder={SCHEDULE_EXAMPLE}
              hint={t('policy.scheduleHint')}
              problem={headerProblem(check, 'schedule')}
              value={schedule.value}
              onInput={(text) => {
                schedule.value = text;
              }}
            />
          </div>
        </Card>
      </div>
      <Card title={t('batches.check')}>
        <div class="stack-small" aria-live="polite">
          {value.kind === 'none' ? <p class="muted">{t('batches.checkHint')}</p> : null}
          {value.kind === 'busy' ? <p role="status">{t('batches.checking')}</p> : null}
          {value.kind === 'failed' ? <ErrorNote error={value.error} /> : null}
          {check === null ? null : <CheckResult check={check} text={file.value?.text ?? ''} />}
          {check !== null && check.invalid > 0 && check.invalid < check.items ? (
            <CheckField
              label={t('batches.skip', { count: check.items - check.invalid })}
              hint={t('batches.skipHint')}
              isChecked={skipInvalid.value}
              onChange={(next) => {
                skipInvalid.value = next;
              }}
            />
          ) : null}
          {starting.value.error === null ? null : <ErrorNote error={starting.value.error} />}
          {file.value === null || !mayStart || check === null ? null : (
            <div class="row">
              <Button
                kind="primary"
                isBusy={starting.value.isBusy}
                onClick={() => {
                  if (file.value !== null) void start(file.value);
                }}
              >
                {t('batches.start', { count: check.items - check.invalid })}
              </Button>
            </div>
          )}
        </div>
      </Card>
    </div>
  );
}

function CheckResult({ check, text }: { readonly check: Schemas['BatchCheck']; readonly text: string }) {
  const { items, invalid, unreadable, headerProblems, badItems, policy } = check;
  const lines = text.split('\n');
  const isFine = unreadable === null && headerProblems.length === 0 && invalid === 0;
  const shares = (given: Schemas['BatchCheck']['regions']) =>
    given.map(({ name, items: count }) => `${name} (${countText(count)})`).join(', ');
  return (
    <>
      {isFine ? <Note tone="good" title={t('batches.valid', { count: items })} /> : null}
      {unreadable === null ? null : (
        <BadLine line={unreadable.line} text={lines[unreadable.line - 1]} messages={[unreadable.reason]} />
      )}
      {headerProblems.map(({ path, message }) => (
        <Note key={`${path} ${message}`} tone="bad" title={path}>
          <ServerText text={message} />
        </Note>
      ))}
      {invalid === 0 ? null : (
        <>
          <Note tone="bad" title={t('batches.invalid', { count: invalid, items: countText(items) })} />
          <ol class="bad-lines">
            {badItems.slice(0, SHOWN_BAD).map(({ item, line, problems }) => (
              <li key={item}>
                <BadLine line={line} text={lines[line - 1]} messages={problems.map(({ message }) => message)} />
              </li>
            ))}
          </ol>
          {invalid > SHOWN_BAD ? (
            <p class="muted small">{t('batches.moreInvalid', { count: invalid - SHOWN_BAD })}</p>
          ) : null}
        </>
      )}
      {check.isNameUsed ? (
        <Note tone="warn" title={t('batches.nameUsed')}>
          <p>{t('batches.nameUsedHint')}</p>
          {check.nameUsedBy === null ? null : (
            <LinkButton isSmall href={hrefOf(['batches', check.nameUsedBy])}>
              {t('batches.openOther')}
            </LinkButton>
          )}
        </Note>
      ) : null}
      {items === 0 || unreadable !== null ? null : (
        <Facts
          facts={[
            [t('batches.items'), countText(items)],
            [t('batches.regions'), shares(check.regions)],
            [t('batches.buckets'), shares(check.buckets)],
          ]}
        />
      )}
      {policy === null || items === invalid ? null : (
        <PolicyPicture policy={policy} items={items - invalid} counts={null} />
      )}
    </>
  );
}

/** A line of the file with what is wrong in it. */
function BadLine(props: {
  readonly line: number;
  readonly text: string | undefined;
  readonly messages: readonly string[];
}) {
  const { line, text = '', messages } = props;
  return (
    <div class="bad-line">
      <span class="bad-number">{t('batches.line', { line: countText(line) })}</span>
      <div>
        <pre lang="en">{text}</pre>
        {messages.map((message) => (
          <p key={message} class="field-error wrap" lang="en">
            {message}
          </p>
        ))}
      </div>
    </div>
  );
}

function headerProblem(check: Schemas['BatchCheck'] | null, field: string): string | null {
  return check?.headerProblems.find(({ path }) => path.startsWith(`policy.${field}`))?.message ?? null;
}

/** Only what is typed: the rest comes from the file and from the defaults. What is not a number is sent as it is typed. */
function policyOf(given: {
  readonly concurrency: string;
  readonly canary: string;
  readonly errorBudget: string;
  readonly schedule: string;
}): Readonly<Record<string, unknown>> {
  const number = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : text.trim());
  return {
    ...(given.concurrency.trim() === '' ? {} : { concurrency: number(given.concurrency) }),
    ...(given.canary.trim() === '' ? {} : { canary: given.canary.split(',').map(number) }),
    ...(given.errorBudget.trim() === '' ? {} : { errorBudget: number(given.errorBudget) }),
    ...(given.schedule.trim() === '' ? {} : { schedule: given.schedule.trim() }),
  };
}
