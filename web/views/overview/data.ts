import type { Schemas } from '../../api.js';

/** What all parts of the overview show. */
export type OverviewData = Schemas['Overview'];
