/** What an import with the same options would do with an image: how it is sent, and the findings that apply then. */
import { FailureError } from '../domain/errors/failure.js';
import type { Finding } from '../domain/import.js';
import {
  type Conversion,
  type ConvertMode,
  decideConversion,
  isVoidWhenConverted,
} from '../images/convert/decision.js';
import type { Programs } from '../images/convert/programs.js';
import type { Inspection } from '../images/inspection.js';

export interface ImportVerdict {
  /** Null: the image can neither be sent as it is nor be converted on this host; a finding has the reason. */
  readonly conversion: Conversion | null;
  readonly findings: readonly Finding[];
}

export async function importVerdict(
  inspection: Inspection,
  mode: ConvertMode,
  programs: Programs,
): Promise<ImportVerdict> {
  try {
    const conversion = await decideConversion(inspection, mode, programs);
    const applies = ({ code }: Finding) => conversion !== 'converted' || !isVoidWhenConverted(code);
    return { conversion, findings: inspection.findings.filter(applies) };
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, message, remedy } = error.failure;
    const evidence = `format ${inspection.format}, conversion "${mode}"`;
    const reason: Finding = { code, severity: 'blocking', message, evidence, remedy, source: 'inspection' };
    return { conversion: null, findings: [...inspection.findings, reason] };
  }
}
