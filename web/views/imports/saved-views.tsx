/** Filters under a name, kept in this browser. */
import { useSignal } from '@preact/signals';
import { isRecord } from '../../../domain/json-value.js';
import { hrefOf, readAddress } from '../../address.js';
import { Button } from '../../components/button.js';
import { t } from '../../i18n.js';
import { readPreference, writePreference } from '../../preferences.js';
import { address } from '../../router.js';

interface SavedView {
  readonly name: string;
  readonly href: string;
}

const KEY = 'views';
const MOST = 50;

function readViews(): readonly SavedView[] {
  try {
    const kept: unknown = JSON.parse(readPreference(KEY) ?? '[]');
    if (!Array.isArray(kept)) return [];
    return kept.flatMap((one: unknown) => {
      if (!isRecord(one) || typeof one.name !== 'string' || typeof one.href !== 'string') return [];
      return readAddress(one.href) === null ? [] : [{ name: one.name, href: one.href }];
    });
  } catch {
    return [];
  }
}

export function SavedViews() {
  const views = useSignal(readViews());
  const name = useSignal('');
  const keep = (next: readonly SavedView[]) => {
    views.value = next.slice(0, MOST);
    writePreference(KEY, JSON.stringify(views.value));
  };
  return (
    <details class="menu">
      <summary class="button">{t('views.title')}</summary>
      <div class="menu-body">
        {views.value.length === 0 ? <p class="muted small">{t('views.none')}</p> : null}
        <ul>
          {views.value.map((view) => (
            <li key={view.name}>
              <a href={view.href}>{view.name}</a>
              <Button
                kind="quiet"
                isSmall
                label={t('views.removeOf', { name: view.name })}
                onClick={() => keep(views.value.filter((one) => one !== view))}
              >
                {t('views.remove')}
              </Button>
            </li>
          ))}
        </ul>
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            const { path, query } = address.value;
            const given = name.value.trim();
            if (given === '') return;
            keep([...views.value.filter((one) => one.name !== given), { name: given, href: hrefOf(path, query) }]);
            name.value = '';
          }}
        >
          <label class="field">
            <span>{t('views.name')}</span>
            <input
              value={name.value}
              maxLength={60}
              required
              onInput={({ currentTarget }) => {
                name.value = currentTarget.value;
              }}
            />
          </label>
          <Button type="submit">{t('views.save')}</Button>
        </form>
      </div>
    </details>
  );
}
