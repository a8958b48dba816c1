/** The plan of an import: what preflight found and decided. Later phases work from it. */
import { type FinalState, type Finding, type ImageRef, type ImportError, PHASES, type Phase } from './import.js';
import type { ImportRequest } from './request/request.js';

/**
 * What is decided about one disk. Preflight makes the decision; the upload keeps it as long as the source is the one that
 * preflight inspected, and settles the object's key and the form of a disk that is converted only `if-faster`.
 */
export interface DiskPlan {
  /** 1 is the system disk. */
  readonly number: number;
  readonly source: SourcePlace;
  readonly bucket: string;
  /** Null until the object is uploaded. Plans of earlier versions have a provisional key here. */
  readonly key: string | null;
  /** Bytes of the source; null where only its server knows. */
  readonly size: number | null;
  /**
   * How the bytes are sent: `as-is`, `converted` first, converted `if-faster` by the speed of the link; `unknown` where
   * the source cannot be inspected before it is on the worker's host. `if-worth`: `if-faster` in plans of earlier versions.
   */
  readonly conversion: 'as-is' | 'converted' | 'if-faster' | 'if-worth' | 'unknown';
  readonly format: string | null;
  readonly diskImageSizeGiB: number | null;
  /** What the decision is based on. Absent where the source was not inspected, has no version, or in plans of earlier versions. */
  readonly inspected?: InspectedSource;
}

/**
 * Where a source is: its kind and the fields that the kind needs. The upload reads the URL of the request instead; workers
 * of earlier versions, which may take over after a rollback, read this.
 */
export type SourcePlace = Readonly<Record<string, string>> & { readonly kind: string };

export interface InspectedSource {
  /** The source's version when it was inspected: another version needs another decision. */
  readonly version: string;
  readonly container: ContainerFacts;
}

/** How a disk is stored in its file: what a conversion needs to know. */
export interface ContainerFacts {
  readonly format: string;
  readonly subformat: string | null;
  /** Bytes that the guest sees; null: unknown. */
  readonly virtualSize: number | null;
  readonly fileSize: number;
  readonly allocatedSize: number;
  /** The one disk in an archive; null: the file is the disk. */
  readonly contains: {
    readonly name: string;
    readonly format: string;
    readonly offset: number;
    readonly size: number;
    /** Absent: false. */
    readonly sparse?: boolean;
  } | null;
  /** Why the disk cannot be read from this file alone (a backing file, encryption …); null: it can. */
  readonly notReadableAlone: string | null;
  /** Findings about the container that apply to the converted image too; absent in plans of earlier versions. */
  readonly lasting?: readonly Finding[];
}

export interface ImportPlan {
  readonly accountId: string;
  readonly disks: readonly DiskPlan[];
  readonly architecture: string | null;
  readonly bootMode: string | null;
  readonly platform: string | null;
  readonly osType: string | null;
  /** Features.NvmeSupport. */
  readonly nvmeSupport: string | null;
  /** The image exists already: the record and Temporal were restored from before it was created. Usually absent. */
  readonly image?: ImageRef;
  /** The phase `role` has ended in the activity of preflight. */
  readonly roleIsReady?: boolean;
}

/** The input of every step of an import. */
export interface StepInput {
  readonly importId: string;
  /** Counts the steps of the workflow; the record ignores late writes of an older step. */
  readonly step: number;
  readonly request: ImportRequest;
  /**
   * Counts the requests: 1, and one more for each amendment and for each repeated upload. Every retry with the same request
   * has the same attempt.
   */
  readonly attempt: number;
}

export interface AcceptInput extends Pick<StepInput, 'importId' | 'step'> {
  /** Null: read it from the record. */
  readonly request: ImportRequest | null;
  readonly fileQueue: string;
}

/** How an import ends, and what cleanup does for it. */
export interface Ending {
  readonly outcome: FinalState;
  readonly error: ImportError | null;
  /** Of a cancelled import: keep an image that was finished before the cancel reached it. */
  readonly keepImage: boolean;
}

/** The results of an import's phases; null or false: the phase has not ended. */
export interface PhaseResults {
  readonly plan: ImportPlan | null;
  readonly role: boolean;
  /** The plan with the location of every object. */
  readonly uploaded: ImportPlan | null;
  readonly image: ImageRef | null;
  readonly available: boolean;
  readonly detected: boolean;
  readonly distributed: boolean;
}

export const NO_RESULTS: PhaseResults = {
  ...{ plan: null, role: false, uploaded: null, image: null },
  ...{ available: false, detected: false, distributed: false },
};

/** The results that stay when `phase` runs again: those of later phases depend on it, except on the role. */
export function resultsWithout(phase: Phase, results: PhaseResults): PhaseResults {
  if (phase === 'role') return { ...results, role: false };
  const isKept = (of: Phase) => PHASES.indexOf(of) < PHASES.indexOf(phase);
  return {
    plan: isKept('preflight') ? results.plan : null,
    role: isKept('role') && results.role,
    uploaded: isKept('upload') ? results.uploaded : null,
    image: isKept('import') ? results.image : null,
    available: isKept('import') && results.available,
    detected: isKept('detection') && results.detected,
    distributed: isKept('distribution') && results.distributed,
  };
}

/** The state of an import that a new run of its workflow continues with. */
export interface Continued {
  readonly phase: Phase;
  /** As in `StepInput`. */
  readonly attempt: number;
  /** How often the import has repeated an earlier phase without a resume. */
  readonly repetitions: number;
  readonly results: PhaseResults;
  /** Set if the run before was cleaning up an import that does not succeed. */
  readonly ending: Ending | null;
}
