/** Fields of a request to change: a path such as `upload.bucket`, and its new value. */
import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../components/button.js';
import { t } from '../../i18n.js';
import { requestFields } from '../new/labels.js';

export interface Change {
  readonly path: string;
  readonly value: string;
}

/** As the API takes them. A value that is JSON is sent as such: `true`, `40`, `["cn-beijing"]`. */
export function readChanges(changes: readonly Change[]): Record<string, unknown> {
  return Object.fromEntries(
    changes.filter(({ path }) => path.trim() !== '').map(({ path, value }) => [path.trim(), readValue(value)]),
  );
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function ChangeFields({ changes }: { readonly changes: Signal<readonly Change[]> }) {
  const id = useId();
  const update = (at: number, change: Partial<Change>) => {
    changes.value = changes.value.map((one, index) => (index === at ? { ...one, ...change } : one));
  };
  return (
    <fieldset class="change-fields">
      <legend class="small muted">{t('change.title')}</legend>
      <datalist id={`${id}-fields`}>
        {requestFields().map(({ path, key }) => (
          <option key={path} value={path} label={t(key)} />
        ))}
      </datalist>
      {changes.value.map((change, at) => (
        <div key={at} class="change-line">
          <label class="field">
            <span>{t('change.field')}</span>
            <input
              value={change.path}
              spellcheck={false}
              placeholder="upload.bucket"
              list={`${id}-fields`}
              onInput={({ currentTarget }) => update(at, { path: currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>{t('change.value')}</span>
            <input
              value={change.value}
              spellcheck={false}
              onInput={({ currentTarget }) => update(at, { value: currentTarget.value })}
            />
          </label>
        </div>
      ))}
      <Button
        isSmall
        onClick={() => {
          changes.value = [...changes.value, { path: '', value: '' }];
        }}
      >
        {t('change.add')}
      </Button>
    </fieldset>
  );
}
