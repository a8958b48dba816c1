/** What the service keeps and what it is made of: orphans, keys, the audit log, webhooks and settings. For admins. */
import type { FunctionComponent } from 'preact';
import { hrefOf } from '../../address.js';
import { PageHead } from '../../components/layout.js';
import { t } from '../../i18n.js';
import type { ViewProps } from '../../view-props.js';
import { Audit } from './audit.js';
import { Keys } from './keys.js';
import { Orphans } from './orphans.js';
import { Settings } from './settings.js';
import { Webhooks } from './webhooks.js';
import '../../components/finding.css';
import './estate.css';

const PARTS = ['orphans', 'keys', 'audit', 'webhooks', 'settings'] as const;
type Part = (typeof PARTS)[number];

const CONTENTS: Readonly<Record<Part, FunctionComponent<ViewProps>>> = {
  orphans: Orphans,
  keys: Keys,
  audit: Audit,
  webhooks: Webhooks,
  settings: Settings,
};

export default function Estate({ path: [name, ...rest] }: ViewProps) {
  const shown = PARTS.find((part) => part === name) ?? 'orphans';
  const Content = CONTENTS[shown];
  return (
    <div class="stack">
      <PageHead title={`${t('nav.estate')} · ${t(`estate.${shown}`)}`}>
        <p>{t(`estate.${shown}Hint`)}</p>
      </PageHead>
      <nav class="tabs" aria-label={t('nav.parts')}>
        {PARTS.map((part) => (
          <a key={part} href={hrefOf(['estate', part])} aria-current={part === shown ? 'page' : undefined}>
            {t(`estate.${part}`)}
          </a>
        ))}
      </nav>
      <Content path={rest} />
    </div>
  );
}
