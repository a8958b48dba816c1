/** Imports in attention, by cause: one fix, one button. */
import { hrefOf } from '../../address.js';
import { post, type Schemas } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { ConfirmButton } from '../../components/confirm-button.js';
import { Card } from '../../components/layout.js';
import { Duration } from '../../components/show.js';
import { t } from '../../i18n.js';
import { mayDo } from '../../session.js';

type Cause = Schemas['Overview']['causes'][number];

const SHOWN = 5;

export function Causes({ causes, reload }: { readonly causes: readonly Cause[]; readonly reload: () => void }) {
  if (causes.length === 0) return null;
  return (
    <Card title={t('overview.needsYou')} isFlush>
      <ul class="causes">
        {causes.map((cause) => (
          <li key={cause.code}>
            <div class="stack-small">
              <div class="row">
                <strong>{t('overview.stopped', { count: cause.imports })}</strong>
                <code>{cause.code}</code>
                <span class="muted small">
                  {t('overview.forTime')} <Duration from={cause.since} to={null} />
                </span>
              </div>
              <p class="remedy" lang="en">
                {cause.remedy}
              </p>
            </div>
            <div class="row">
              <LinkButton href={hrefOf(['imports'], { state: ['attention'], code: [cause.code] })}>
                {t('overview.showThem')}
              </LinkButton>
              {mayDo('imports.resume') ? <ResumeAll cause={cause} reload={reload} /> : null}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function ResumeAll({ cause, reload }: { readonly cause: Cause; readonly reload: () => void }) {
  const { code, imports } = cause;
  return (
    <ConfirmButton
      kind="primary"
      title={t('overview.resumeAllTitle', { count: imports })}
      confirm={t('overview.resumeAll', { count: imports })}
      label={`${t('overview.resumeAll', { count: imports })}: ${code}`}
      summary={
        <div class="stack-small">
          <p>{t('overview.resumeAllSummary', { count: imports })}</p>
          <p class="remedy" lang="en">
            {cause.remedy}
          </p>
        </div>
      }
      act={async () => {
        const { resumed, notResumed } = await post('/v1/imports/resume', { body: { code } });
        reload();
        return (
          <div class="stack-small">
            <p>{t('bulk.resumeDone', { count: resumed.length })}</p>
            {notResumed.length === 0 ? null : (
              <>
                <h3>{t('bulk.skipped', { count: notResumed.length })}</h3>
                <ul class="small">
                  {notResumed.slice(0, SHOWN).map(({ id, reason }) => (
                    <li key={id}>
                      <a href={hrefOf(['imports', id])}>{id}</a>: <span lang="en">{reason}</span>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        );
      }}
    >
      {t('overview.resumeAll', { count: imports })}
    </ConfirmButton>
  );
}
