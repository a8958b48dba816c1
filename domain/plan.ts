/** What preflight found out and decided; the later phases work from it. */
import type { FinalState, ImportError } from './import.js';
import type { ImportRequest } from './request/request.js';

/** One disk: where its bytes are, where they go, and how the cloud is told of it. */
export interface DiskPlan {
  /** 1 is the system disk. */
  readonly number: number;
  readonly source:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'http'; readonly url: string }
    | { readonly kind: 'object'; readonly bucket: string; readonly key: string };
  readonly bucket: string;
  readonly key: string;
  /** Bytes of the source; null where only its server knows. */
  readonly size: number | null;
  /**
   * How the bytes are sent: `as-is`, `converted` first, converted `if-worth` by the speed of the link; `unknown` where
   * nothing could be told of the source before it is on this host.
   */
  readonly conversion: 'as-is' | 'converted' | 'if-worth' | 'unknown';
  readonly format: string | null;
  readonly diskImageSizeGiB: number | null;
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
}

/** What every step of an import is told. */
export interface StepInput {
  readonly importId: string;
  /** Counts the steps of the workflow; the record ignores what an older step writes late. */
  readonly step: number;
  readonly request: ImportRequest;
  /** Counts the requests: 1, and one more for each amendment. Every retry with the same request has the same attempt. */
  readonly attempt: number;
}

export interface AcceptInput extends Pick<StepInput, 'importId' | 'step'> {
  /** Null: the record has it. */
  readonly request: ImportRequest | null;
  readonly fileQueue: string;
}

/** How an import ends; what cleanup has to bring about. */
export interface Ending {
  readonly outcome: FinalState;
  readonly error: ImportError | null;
  /** Of a cancelled import: keep an image that was finished before the cancel reached it. */
  readonly keepImage: boolean;
}
