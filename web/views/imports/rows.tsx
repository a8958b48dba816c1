/** The cells of the list. On narrow screens a row is a card. */
import type { ComponentChildren } from 'preact';
import { hrefOf } from '../../address.js';
import { Badge, Progress, StateBadge, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { address } from '../../router.js';
import { isStalled, progressWords, waitWords } from '../../words.js';
import { sortOf } from './filters.js';
import type { ImportRow } from './use-import-pages.js';

export interface Select {
  readonly isChecked: boolean;
  readonly onChange: () => void;
}

function SelectCell({ select, label, role }: { select: Select; label: string; role: 'cell' | 'columnheader' }) {
  return (
    <div role={role} class="cell-select">
      <input type="checkbox" checked={select.isChecked} onChange={select.onChange} aria-label={label} />
    </div>
  );
}

export function HeadCells({ select }: { readonly select: Select | null }) {
  return (
    <div
      role="row"
      aria-rowindex={1}
      class={select === null ? 'import-cells' : 'import-cells with-select'}
      tabIndex={-1}
    >
      {select === null ? null : <SelectCell role="columnheader" select={select} label={t('imports.selectAll')} />}
      <SortHead by="name" class="cell-name">
        {t('imports.image')}
      </SortHead>
      <Head class="cell-state">{t('imports.state')}</Head>
      <Head class="cell-progress">{t('imports.progress')}</Head>
      <Head class="cell-region">{t('imports.region')}</Head>
      <SortHead by="created" class="cell-created">
        {t('imports.created')}
      </SortHead>
      <SortHead by="updated" class="cell-updated">
        {t('imports.updated')}
      </SortHead>
    </div>
  );
}

function Head(props: { readonly class: string; readonly children: ComponentChildren }) {
  return (
    <div role="columnheader" class={props.class}>
      {props.children}
    </div>
  );
}

/** A second choice reverses the order. Times begin with the latest. */
function SortHead(props: {
  readonly by: 'name' | 'created' | 'updated';
  readonly class: string;
  readonly children: string;
}) {
  const { path, query } = address.value;
  const shown = sortOf(query);
  const first = props.by === 'name' ? 'name' : `-${props.by}`;
  const other = props.by === 'name' ? '-name' : props.by;
  const isShown = shown === first || shown === other;
  const order = isShown ? (shown.startsWith('-') ? 'descending' : 'ascending') : 'none';
  return (
    <div role="columnheader" class={props.class} aria-sort={order}>
      <a class="sort" href={hrefOf(path, { ...query, sort: [shown === first ? other : first] })}>
        {props.children}
        <span aria-hidden="true">{order === 'none' ? '' : order === 'ascending' ? ' ↑' : ' ↓'}</span>
      </a>
    </div>
  );
}

export function RowCells({ row, select }: { readonly row: ImportRow; readonly select: Select | null }) {
  const { id, state, request, createdAt, updatedAt } = row;
  const name = request?.imageName ?? id;
  return (
    <div class={select === null ? 'import-cells' : 'import-cells with-select'} role="presentation">
      {select === null ? null : <SelectCell role="cell" select={select} label={t('imports.select', { name })} />}
      <div role="cell" class="cell-name">
        <a href={hrefOf(['imports', id])}>{name}</a>
        <code class="muted small">{id}</code>
      </div>
      <div role="cell" class="cell-state">
        {state === undefined ? null : <StateBadge state={state} />}
      </div>
      <div role="cell" class="cell-progress">
        <What row={row} />
      </div>
      <div role="cell" class="cell-region">
        {request?.region}
      </div>
      <div role="cell" class="cell-created small">
        {createdAt === undefined ? null : <Time at={createdAt} />}
      </div>
      <div role="cell" class="cell-updated small">
        {updatedAt === undefined ? null : <Time at={updatedAt} />}
      </div>
    </div>
  );
}

/** The progress of what runs, the reason of what stopped. */
function What({ row }: { readonly row: ImportRow }) {
  const { state, progress, phase, error, attention } = row;
  const problem = state === 'failed' ? error : state === 'attention' ? attention : null;
  if (problem != null) {
    return (
      <span class="two-lines" lang="en" title={problem.message}>
        <code class="small">{problem.code}</code>
        <span class="small muted">{problem.message}</span>
      </span>
    );
  }
  if ((state === 'running' || state === 'cancelling') && progress !== undefined && phase !== undefined) {
    const wait = waitWords(row.waitingFor ?? null);
    const isStuck = isStalled({ state, waitingFor: row.waitingFor ?? null, updatedAt: row.updatedAt ?? '' });
    return (
      <span class="two-lines">
        <span class="small ellipsis">
          {t(`phase.${phase}`)} {isStuck ? <Badge tone="warn">{t('imports.stalled')}</Badge> : null}{' '}
          <span class={wait === null ? 'muted number' : 'waits'}>{wait ?? progressWords(progress)}</span>
        </span>
        <Progress percent={progress.percent} label={t(`phase.${phase}`)} tone={wait === null ? 'run' : 'warn'} />
      </span>
    );
  }
  if (row.image != null) return <code class="small muted ellipsis">{row.image.imageId}</code>;
  return null;
}
