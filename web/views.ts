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
];
