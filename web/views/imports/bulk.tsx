/** Resumes, cancels or retries many imports: first a summary by the API, then the change, then what the API did. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { hrefOf } from '../../address.js';
import { ApiError, post, type Schemas } from '../../api.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { ErrorNote, Loading, ServerText } from '../../components/note.js';
import { sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import { address } from '../../router.js';
import { mayDo } from '../../session.js';
import { bulkFilter, isFiltered } from './filters.js';

type Bulk = Schemas['Bulk'];
type Summary = Schemas['BulkSummary'];
type Action = Bulk['action'];
type Selection = Pick<Bulk, 'ids' | 'filter'>;

const ACTIONS = [
  { action: 'resume', needs: 'imports.resume' },
  { action: 'retry', needs: 'imports.start' },
  { action: 'cancel', needs: 'imports.cancel' },
] as const;
const SHOWN = 8;

/** Without selected imports, all that match the filters of the address can be changed. */
export function BulkBar({ ids, onDone }: { readonly ids: readonly string[]; readonly onDone: () => void }) {
  const { query } = address.value;
  const asked = useSignal<{ readonly action: Action; readonly selection: Selection } | null>(null);
  const isOfFilter = ids.length === 0;
  if (isOfFilter && !isFiltered(query)) return null;
  const selection: Selection = isOfFilter ? { filter: bulkFilter(query) } : { ids };
  return (
    <section class="bulk" aria-label={t('bulk.title')}>
      <strong>{isOfFilter ? t('bulk.allMatching') : t('bulk.selected', { count: ids.length })}</strong>
      {ACTIONS.filter(({ needs }) => mayDo(needs)).map(({ action }) => (
        <Button
          key={action}
          isSmall
          kind={action === 'cancel' ? 'danger' : 'default'}
          onClick={() => {
            asked.value = { action, selection };
          }}
        >
          {t(`bulk.${action}`)}
        </Button>
      ))}
      {asked.value === null ? null : (
        <BulkDialog
          {...asked.value}
          onClose={(isDone) => {
            asked.value = null;
            if (isDone) onDone();
          }}
        />
      )}
    </section>
  );
}

function BulkDialog(props: {
  readonly action: Action;
  readonly selection: Selection;
  readonly onClose: (isDone: boolean) => void;
}) {
  const { action, selection, onClose } = props;
  const summary = useSignal<Summary | null>(null);
  const error = useSignal<ApiError | null>(null);
  const isBusy = useSignal(false);

  async function send(apply: boolean): Promise<void> {
    isBusy.value = true;
    error.value = null;
    try {
      summary.value = await post('/v1/imports/bulk', { body: { action, ...selection, apply } });
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    } finally {
      isBusy.value = false;
    }
  }
  useEffect(() => {
    void send(false);
  }, []);

  const { value } = summary;
  const isDone = value?.applied === true;
  const canAct = value !== null && !isDone && value.acts.length > 0;
  return (
    <Dialog title={t(`bulk.${action}Title`)} isBusy={isBusy.value && value !== null} onClose={() => onClose(isDone)}>
      {value === null && error.value === null ? <Loading /> : null}
      {value === null ? null : <BulkSummary summary={value} />}
      {error.value === null ? null : <ErrorNote error={error.value} />}
      <div class="actions">
        <Button onClick={() => !isBusy.value && onClose(isDone)}>{t(isDone ? 'action.close' : 'action.back')}</Button>
        {canAct ? (
          <Button
            kind={action === 'cancel' ? 'danger' : 'primary'}
            isBusy={isBusy.value}
            onClick={() => void send(true)}
          >
            {t(`bulk.${action}Confirm`, { count: value.acts.length })}
          </Button>
        ) : null}
      </div>
    </Dialog>
  );
}

function BulkSummary({ summary }: { readonly summary: Summary }) {
  const { action, acts, skipped, applied, hasMore, discardedBytes } = summary;
  return (
    <div class="stack-small" role="status">
      <p>
        {applied
          ? t(`bulk.${action}Done`, { count: acts.length })
          : acts.length === 0
            ? t('bulk.nothing')
            : t(`bulk.${action}Summary`, { count: acts.length })}
      </p>
      {discardedBytes > 0 ? <p>{t('bulk.discards', { size: sizeText(discardedBytes) })}</p> : null}
      <ul class="small">
        {acts.slice(0, SHOWN).map(({ id, imageName, newId, code }) => (
          <li key={id}>
            <a href={hrefOf(['imports', newId ?? id])}>{imageName ?? id}</a>{' '}
            {code === null ? null : <code>{code}</code>}
          </li>
        ))}
        {acts.length > SHOWN ? <li class="muted">{t('bulk.further', { count: acts.length - SHOWN })}</li> : null}
      </ul>
      {skipped.length === 0 ? null : (
        <>
          <h3>{t('bulk.skipped', { count: skipped.length })}</h3>
          <ul class="small">
            {skipped.slice(0, SHOWN).map(({ id, imageName, reason }) => (
              <li key={id}>
                {imageName ?? id}: <ServerText text={reason} />
              </li>
            ))}
            {skipped.length > SHOWN ? (
              <li class="muted">{t('bulk.further', { count: skipped.length - SHOWN })}</li>
            ) : null}
          </ul>
        </>
      )}
      {hasMore ? <p>{t('bulk.hasMore')}</p> : null}
    </div>
  );
}
