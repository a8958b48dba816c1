/** The error catalogue and the failures made from it. */
export {
  CATALOGUE,
  type CatalogueCode,
  type CodesIn,
  type FailureFacts,
  failureOf,
  isCatalogueCode,
  isDryRunSuccess,
  lookUp,
  remedyForAll,
} from './catalogue.js';
export type { CatalogueEntry, CatalogueService } from './entry.js';
export { fail } from './fail.js';
export { hostFailure, missingResource, orHostFailure, programFailure } from './host.js';
export { insteadOfResume, ofEnded } from './remedy.js';
