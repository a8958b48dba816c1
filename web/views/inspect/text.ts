/** The verdict as plain text, for a mail or a ticket. It is English, like the findings. */
import type { Inspection } from './verdict.js';

export function verdictText(inspection: Inspection, url: string): string {
  const { source, findings, osName, format, createdAt } = inspection;
  const lines = [
    `Inspection of ${source}`,
    `${createdAt}  ${format}${osName === null ? '' : `, ${osName}`}`,
    url,
    '',
    ...['blocking', 'warning', 'info'].flatMap((severity) =>
      findings
        .filter((finding) => finding.severity === severity)
        .flatMap(({ code, message, evidence, remedy }) => [
          `${severity}: ${message} (${code})`,
          ...(evidence === '' ? [] : [`  found: ${evidence}`]),
          ...(remedy === '' ? [] : remedy.split('\n').map((line) => `  fix: ${line}`)),
          '',
        ]),
    ),
  ];
  return lines.join('\n').trimEnd();
}
