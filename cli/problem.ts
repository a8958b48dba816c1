/** Problem documents (RFC 9457) of the commands themselves, in the form in which the API sends its own. */
import { type CatalogueCode, remedyForAll } from '../domain/errors/index.js';
import { type CommandError, EXIT, type ExitCode } from './exit.js';

const CODES: Partial<Readonly<Record<ExitCode, CatalogueCode>>> = {
  [EXIT.usage]: 'Cli.WrongUsage',
  [EXIT.unreachable]: 'Cli.Unreachable',
  [EXIT.notReady]: 'Cli.NotReady',
};

/** The document of an error for which neither the API nor the catalogue has one. */
export function problemOf({ exitCode, lines, message }: CommandError): string {
  const code = CODES[exitCode] ?? 'Cli.Failed';
  return problemDocument({
    code,
    title: lines[0] ?? message,
    detail: message,
    remedy: remedyForAll(code, ''),
    exitCode,
  });
}

export function problemDocument(problem: {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;
  readonly exitCode: ExitCode;
}): string {
  return JSON.stringify({ type: `urn:ecs-image-import:problem:${problem.code}`, ...problem });
}
