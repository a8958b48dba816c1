/** What a user can do with an import. Each shows what will happen, and then what the API answered. */
import { useSignal } from '@preact/signals';
import { isFinal } from '../../../domain/import.js';
import { hrefOf } from '../../address.js';
import { post } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { ConfirmButton } from '../../components/confirm-button.js';
import { StateBadge } from '../../components/show.js';
import { sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import { mayDo } from '../../session.js';
import { type Change, ChangeFields, readChanges } from './change-fields.js';
import type { Import } from './use-import.js';

interface ActionProps {
  readonly view: Import;
  readonly reload: () => void;
}

export function CancelButton({ view, reload }: ActionProps) {
  const keepImage = useSignal(false);
  const { id, state, ledger, progress, request } = view;
  if (isFinal(state) || state === 'cancelling' || !mayDo('imports.cancel')) return null;
  const existing = ledger.filter(({ status, kind }) => status === 'created' && kind !== 'role').length;
  return (
    <ConfirmButton
      kind="danger"
      title={t('cancel.title', { name: request.imageName })}
      confirm={t('cancel.confirm')}
      summary={
        <div class="stack-small">
          <p>{t('cancel.summary')}</p>
          <ul>
            <li>{t('cancel.resources', { count: existing })}</li>
            {progress.phase === 'upload' && progress.bytesDone !== null ? (
              <li>{t('cancel.bytes', { size: sizeText(progress.bytesDone) })}</li>
            ) : null}
          </ul>
          <label class="row">
            <input
              type="checkbox"
              checked={keepImage.value}
              onChange={({ currentTarget }) => {
                keepImage.value = currentTarget.checked;
              }}
            />
            {t('cancel.keepImage')}
          </label>
        </div>
      }
      act={async () => {
        const answer = await post('/v1/imports/{id}/cancel', { path: { id }, body: { keepImage: keepImage.value } });
        reload();
        return <Answer state={answer.state} />;
      }}
    >
      {t('cancel.button')}
    </ConfirmButton>
  );
}

/** Of one that has ended: the same request, with changes. */
export function RetryButton({ view }: { readonly view: Import }) {
  const changes = useSignal<readonly Change[]>([]);
  const { id, state, request } = view;
  if (!isFinal(state) || !mayDo('imports.start')) return null;
  return (
    <>
      <LinkButton href={hrefOf(['new'], { from: [id] })}>{t('retry.withChanges')}</LinkButton>
      <ConfirmButton
        kind={state === 'failed' ? 'primary' : 'default'}
        title={t('retry.title', { name: request.imageName })}
        confirm={t('retry.confirm')}
        summary={
          <div class="stack-small">
            <p>{t('retry.summary')}</p>
            <ChangeFields changes={changes} />
          </div>
        }
        act={async () => {
          const answer = await post('/v1/imports/{id}/retry', {
            path: { id },
            body: { set: readChanges(changes.value) },
          });
          return (
            <p>
              {t('retry.started')} <a href={hrefOf(['imports', answer.id])}>{answer.id}</a>
            </p>
          );
        }}
      >
        {t('retry.button')}
      </ConfirmButton>
    </>
  );
}

export function ResumeButton({ view, reload }: ActionProps) {
  const changes = useSignal<readonly Change[]>([]);
  const { id, request, phase } = view;
  if (!mayDo('imports.resume')) return null;
  return (
    <ConfirmButton
      kind="primary"
      title={t('resume.title', { name: request.imageName })}
      confirm={t('resume.confirm')}
      summary={
        <div class="stack-small">
          <p>{t('resume.summary', { phase: t(`phase.${phase}`) })}</p>
          <ChangeFields changes={changes} />
        </div>
      }
      act={async () => {
        const set = readChanges(changes.value);
        const answer = await post('/v1/imports/{id}/resume', { path: { id }, body: { set } });
        reload();
        return <Answer state={answer.state} />;
      }}
    >
      {t('resume.button')}
    </ConfirmButton>
  );
}

function Answer({ state }: { readonly state: Import['state'] }) {
  return (
    <p class="row">
      {t('action.answered')} <StateBadge state={state} />
    </p>
  );
}
