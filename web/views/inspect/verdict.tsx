/** The verdict of an image: whether it can be imported, why not, and what was found in it. */
import type { Schemas } from '../../api.js';
import { Card, Facts, Table } from '../../components/layout.js';
import { Note, ServerText, type Tone } from '../../components/note.js';
import { Badge, CodeBlock, SeverityBadge } from '../../components/show.js';
import { countText, sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import '../../components/finding.css';
import './inspect.css';

export type Inspection = Schemas['Inspection'];
type Finding = Schemas['Finding'];

export function verdictOf(findings: readonly Finding[]): 'blocked' | 'warned' | 'ready' {
  if (findings.some(({ severity }) => severity === 'blocking')) return 'blocked';
  return findings.some(({ severity }) => severity === 'warning') ? 'warned' : 'ready';
}

const TONES: Readonly<Record<ReturnType<typeof verdictOf>, Tone>> = { blocked: 'bad', warned: 'warn', ready: 'good' };

export function VerdictNote({ findings }: { readonly findings: readonly Finding[] }) {
  const verdict = verdictOf(findings);
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  return (
    <Note tone={TONES[verdict]} title={t(`verdict.${verdict}`)}>
      <p>{t(`verdict.${verdict}Hint`)}</p>
      <p class="muted small">
        {t('verdict.counts', { blocking: count('blocking'), warnings: count('warning'), infos: count('info') })}
      </p>
    </Note>
  );
}

/** What must be fixed, and the rest folded. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0) return <p class="muted">{t('verdict.noFindings')}</p>;
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity);
  const notes = of('info');
  return (
    <div class="stack-small">
      <FindingList findings={[...of('blocking'), ...of('warning')]} />
      {notes.length === 0 ? null : (
        <details class="notes">
          <summary>{t('verdict.notes', { count: notes.length })}</summary>
          <FindingList findings={notes} />
        </details>
      )}
    </div>
  );
}

function FindingList({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <ul class="findings">
      {findings.map((finding, index) => (
        <li key={index} class={`finding ${finding.severity}`}>
          <div class="row">
            <SeverityBadge severity={finding.severity} />
            <code class="muted wrap">{finding.code}</code>
            {finding.disk === undefined ? null : (
              <span class="muted small">{t('verdict.disk', { disk: finding.disk })}</span>
            )}
          </div>
          <ServerText class="finding-message wrap" text={finding.message} />
          {finding.evidence === '' ? null : (
            <p class="small muted">
              {t('verdict.evidence')} <ServerText text={finding.evidence} />
            </p>
          )}
          {finding.remedy === '' ? null : <CodeBlock text={finding.remedy} of={t('verdict.remedy')} />}
        </li>
      ))}
    </ul>
  );
}

const LINK_TONES: Readonly<Record<string, Tone>> = { verified: 'good', broken: 'bad' };

export function ImageFacts({ inspection }: { readonly inspection: Inspection }) {
  const { volumes, bootChain } = inspection;
  const known = (value: string | number | null) =>
    value === null || value === '' ? <span class="muted">{t('verdict.unknown')}</span> : String(value);
  return (
    <>
      <div class="columns">
        <Card title={t('verdict.system')}>
          <Facts
            facts={[
              [t('verdict.os'), known(inspection.osName ?? inspection.osType)],
              [t('verdict.platform'), known(inspection.platform)],
              [t('verdict.kernel'), known(inspection.kernelVersion)],
              [t('verdict.architecture'), known(inspection.architecture)],
              [t('verdict.bootMode'), known(inspection.bootModes.join(', ') || inspection.bootMode)],
              [t('verdict.cloudInit'), known(inspection.cloudInitVersion)],
              [t('verdict.nvme'), known(inspection.nvmeSupport)],
              [t('verdict.hostName'), known(inspection.hostName)],
            ]}
          />
        </Card>
        <Card title={t('verdict.container')}>
          <Facts
            facts={[
              [t('verdict.format'), known(inspection.format)],
              [
                t('verdict.virtualSize'),
                inspection.virtualSize === null ? known(null) : sizeText(inspection.virtualSize),
              ],
              [t('verdict.fileSize'), sizeText(inspection.fileSize)],
              [t('verdict.allocated'), sizeText(inspection.allocatedSize)],
              [t('verdict.smallest'), known(inspection.diskImageSizeGiB)],
              [t('verdict.partitions'), known(inspection.partitionTable)],
              [t('verdict.depth'), t(`verdict.depth.${inspection.depth}`)],
            ]}
          />
        </Card>
      </div>
      {bootChain.length === 0 ? null : (
        <Card title={t('verdict.bootChain')}>
          <ol class="boot-chain">
            {bootChain.map(({ link, state, evidence }) => (
              <li key={link}>
                <Badge tone={LINK_TONES[state] ?? 'idle'}>{t(`bootLink.${state}`)}</Badge>
                <div>
                  <strong lang="en">{link}</strong>
                  <p class="small muted wrap" lang="en">
                    {evidence}
                  </p>
                </div>
              </li>
            ))}
          </ol>
        </Card>
      )}
      {volumes.length === 0 ? null : (
        <Card title={t('verdict.volumes', { count: countText(volumes.length) })} isFlush>
          <Table
            name={t('verdict.volumesTable')}
            rows={volumes}
            keyOf={({ name }) => name}
            columns={[
              { title: t('verdict.volume'), cell: ({ name }) => <code>{name}</code> },
              {
                title: t('verdict.content'),
                cell: ({ content, damage }) =>
                  damage === undefined ? known(content) : t('verdict.damaged', { content: content ?? '' }),
              },
              { title: t('verdict.label'), cell: ({ label }) => known(label) },
              {
                title: t('verdict.size'),
                cell: ({ size }) => (size === null ? known(null) : sizeText(size)),
                isNumber: true,
              },
            ]}
          />
        </Card>
      )}
    </>
  );
}
