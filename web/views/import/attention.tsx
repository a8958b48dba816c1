/** Why an import stopped or failed, and what to do, in the words of the API. */
import { CopyButton, Duration, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { mayDo } from '../../session.js';
import { ResumeButton } from './actions.js';
import type { Import } from './use-import.js';

export function Attention({ view, reload }: { readonly view: Import; readonly reload: () => void }) {
  const { attention } = view;
  if (view.state !== 'attention' || attention === null) return null;
  return (
    <section class="note warn" aria-label={t('import.attention')}>
      <div class="row apart">
        <h2>{t('import.attention')}</h2>
        <span class="muted small">
          {t('import.since')} <Time at={attention.since} /> · <Duration from={attention.since} to={null} />
        </span>
      </div>
      <Cause {...attention} requestId={attention.requestId ?? null} />
      <div class="row">
        {mayDo('imports.resume') ? <ResumeButton view={view} reload={reload} /> : <p>{t('import.askOperator')}</p>}
      </div>
    </section>
  );
}

export function Failure({ view }: { readonly view: Import }) {
  const { error } = view;
  if (error === null) return null;
  return (
    <section class="note bad" aria-label={t('import.failure')}>
      <h2>{t('import.failedIn', { phase: t(`phase.${error.phase}`) })}</h2>
      <Cause {...error} />
    </section>
  );
}

interface CauseProps {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly requestId: string | null;
}

const URL_IN_TEXT = /(https:\/\/[^\s,)]*[^\s,).])/;

function Cause({ code, message, remedy, requestId }: CauseProps) {
  return (
    <>
      <p lang="en" class="wrap">
        {message}
      </p>
      {remedy === '' ? null : (
        <div class="remedy-box">
          <h3>{t('import.remedy')}</h3>
          <p class="remedy" lang="en">
            {remedy.split(URL_IN_TEXT).map((part) =>
              part.startsWith('https://') ? (
                <a key={part} href={part} target="_blank" rel="noreferrer">
                  {part}
                </a>
              ) : (
                part
              ),
            )}
          </p>
          <CopyButton text={remedy} of={t('import.remedy')} />
        </div>
      )}
      <p class="row small muted">
        <code>{code}</code>
        {requestId === null ? null : (
          <span>
            {t('import.requestId')} <code>{requestId}</code>
          </span>
        )}
      </p>
    </>
  );
}
