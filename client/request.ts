/** The input type of a request: fields with a default are optional. */
import type { components } from './api-types.js';

export type ImportRequestInput = components['schemas']['ImportRequest'];
