/** What needs a user, what runs, and what ended today. */
import { PageHead } from '../../components/layout.js';
import { t } from '../../i18n.js';

export default function Overview() {
  return (
    <div class="stack">
      <PageHead title={t('nav.overview')} />
    </div>
  );
}
