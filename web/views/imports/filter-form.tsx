/** The filters of the list. The address contains them, so that it can be sent to others. */
import { useRef } from 'preact/hooks';
import { PHASES } from '../../../domain/import.js';
import { hrefOf } from '../../address.js';
import { LinkButton } from '../../components/button.js';
import { t } from '../../i18n.js';
import { address, queryValue, setQuery } from '../../router.js';
import { isFiltered, TEXT_FILTERS, TIME_FILTERS } from './filters.js';

const TYPING_MS = 300;

export function FilterForm() {
  const { path, query } = address.value;
  const hasMore = isFiltered({ ...query, name: [], state: [] });
  return (
    <search>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <div class="search">
          <TextFilter name="name" />
        </div>
        <label class="field">
          <span>{t('imports.phase')}</span>
          <select
            value={queryValue('phase') ?? ''}
            onChange={({ currentTarget }) => setQuery({ phase: [currentTarget.value] })}
          >
            <option value="">{t('imports.anyPhase')}</option>
            {PHASES.map((phase) => (
              <option key={phase} value={phase}>
                {t(`phase.${phase}`)}
              </option>
            ))}
          </select>
        </label>
        {isFiltered(query) ? (
          <LinkButton kind="quiet" href={hrefOf(path)}>
            {t('imports.clear')}
          </LinkButton>
        ) : null}
        <details open={hasMore}>
          <summary>{t('imports.moreFilters')}</summary>
          <div class="more-filters">
            {TEXT_FILTERS.filter((name) => name !== 'name').map((name) => (
              <TextFilter key={name} name={name} />
            ))}
            <TextFilter name="tag" />
            {TIME_FILTERS.map((name) => (
              <TimeFilter key={name} name={name} />
            ))}
          </div>
        </details>
      </form>
    </search>
  );
}

function TextFilter(props: { readonly name: (typeof TEXT_FILTERS)[number] | 'tag' }) {
  const { name } = props;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const values = address.value.query[name] ?? [];
  return (
    <label class="field">
      <span>{t(`filter.${name}`)}</span>
      <input
        type="search"
        value={values.join(' ')}
        onInput={({ currentTarget }) => {
          const { value } = currentTarget;
          clearTimeout(timer.current);
          timer.current = setTimeout(
            () => setQuery({ [name]: name === 'tag' ? value.split(/\s+/) : [value.trim()] }, { isTyped: true }),
            TYPING_MS,
          );
        }}
      />
    </label>
  );
}

function TimeFilter({ name }: { readonly name: (typeof TIME_FILTERS)[number] }) {
  return (
    <label class="field">
      <span>{t(`filter.${name}`)}</span>
      <input
        type="datetime-local"
        value={localTime(queryValue(name))}
        onChange={({ currentTarget }) => {
          const date = new Date(currentTarget.value);
          setQuery({ [name]: Number.isNaN(date.getTime()) ? [] : [date.toISOString()] });
        }}
      />
    </label>
  );
}

/** As the input has it: in the zone of the browser, without naming it. */
function localTime(text: string | undefined): string {
  const date = new Date(text ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
