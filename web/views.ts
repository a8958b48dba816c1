/** The views, by the first part of the address. Each is loaded when it is opened first. */
import type { FunctionComponent } from 'preact';
import type { Action } from '../domain/access/may.js';
import type { MessageKey } from './messages/catalogue.js';
import type { ViewProps } from './view-props.js';

export interface View {
  /** The first part of the address; empty for the overview. */
  readonly name: string;
  readonly title: MessageKey;
  /** Without it, the view is not offered. */
  readonly needs?: Action;
  readonly isInNavigation: boolean;
  readonly load: () => Promise<{ readonly default: FunctionComponent<ViewProps> }>;
}

export const VIEWS: readonly View[] = [
  { name: '', title: 'nav.overview', isInNavigation: true, load: () => import('./views/overview/overview.js') },
  { name: 'imports', title: 'nav.imports', isInNavigation: true, load: () => import('./views/imports/imports.js') },
  {
    name: 'new',
    title: 'nav.new',
    needs: 'imports.start',
    isInNavigation: true,
    load: () => import('./views/new/new.js'),
  },
  {
    name: 'inspect',
    title: 'nav.inspect',
    needs: 'inspections.read',
    isInNavigation: true,
    load: () => import('./views/inspect/inspect.js'),
  },
  {
    name: 'inspections',
    title: 'nav.inspect',
    needs: 'inspections.read',
    isInNavigation: false,
    load: () => import('./views/inspect/inspection.js'),
  },
  {
    name: 'batches',
    title: 'nav.batches',
    needs: 'batches.read',
    isInNavigation: true,
    load: () => import('./views/batches/batches.js'),
  },
  {
    name: 'estate',
    title: 'nav.estate',
    needs: 'settings.read',
    isInNavigation: true,
    load: () => import('./views/estate/estate.js'),
  },
];
