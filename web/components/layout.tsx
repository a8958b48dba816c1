/** How views are laid out: heading, cards, tables and tabs. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { hrefOf } from '../address.js';
import { t } from '../i18n.js';
import { address } from '../router.js';

/** The first element of every view. The heading is also the title of the document. */
export function PageHead(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${props.title} · ecs-image-import`;
  }, [props.title]);
  return (
    <div class="page-head">
      <div>
        <h1>{props.title}</h1>
        {props.children}
      </div>
      {props.actions === undefined ? null : <div class="row">{props.actions}</div>}
    </div>
  );
}

export function Card(props: {
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  /** Without space around the content: for tables. */
  readonly isFlush?: boolean;
}) {
  return (
    <section class="card" aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.actions}
      </header>
      <div class={props.isFlush === true ? 'card-body flush' : 'card-body'}>{props.children}</div>
    </section>
  );
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
}

/** A short table; `views/imports` has one for any number of rows. */
export function Table<Row>(props: {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}) {
  const { name, columns, rows, keyOf } = props;
  const classOf = (column: Column<Row>) => (column.isNumber === true ? 'end' : '');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls needs the keyboard
    <div class="table-scroll" tabIndex={0}>
      <table aria-label={name}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.title} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: ComponentChildren, value: ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly count?: number;
}

/** Parts of a view, as links: the shown one is in the address. */
export function Tabs({ tabs, shown, query = 'tab' }: { tabs: readonly Tab[]; shown: string; query?: string }) {
  const { path, query: all } = address.value;
  return (
    <nav class="tabs" aria-label={t('nav.parts')}>
      {tabs.map(({ id, title, count }) => (
        <a
          key={id}
          href={hrefOf(path, { ...all, [query]: id === tabs[0]?.id ? [] : [id] })}
          aria-current={id === shown ? 'page' : undefined}
        >
          {title} {count === undefined ? null : <span class="count">{count}</span>}
        </a>
      ))}
    </nav>
  );
}
