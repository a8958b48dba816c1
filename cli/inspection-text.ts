/** An inspection as a person reads it: what the image is, what is wrong with it, and the verdict. */
import type { Severity } from '../domain/import.js';
import type { Inspection } from '../images/inspection.js';
import { clean, duration, indent, size } from './format.js';
import { findings } from './summary.js';

export function inspectionText(file: string, inspection: Inspection, ms: number): string {
  return [
    clean(file),
    ...facts(inspection).map(([name, value]) => indent(`${name.padEnd(10)} ${clean(value)}`)),
    findings(inspection.findings),
    verdict(inspection, ms),
  ].join('\n');
}

function facts(told: Inspection): readonly (readonly [name: string, value: string])[] {
  const format = told.subformat === null ? told.format : `${told.format}, ${told.subformat}`;
  const virtual = told.virtualSize === null ? 'size unknown' : `${size(told.virtualSize)} for the guest`;
  const smallest = told.diskImageSizeGiB === null ? '' : `; diskImageSize ${told.diskImageSizeGiB} or more`;
  const container: (readonly [string, string])[] = [
    ['format', format],
    ['size', `${virtual}, file ${size(told.fileSize)}, on disk ${size(told.allocatedSize)}${smallest}`],
  ];
  if (told.partitionTable !== null) container.push(['disk', layout(told)]);
  if (told.depth === 'container') return [...container, ['guest', 'inspection: container only']];
  return [
    ...container,
    ['system', `${told.osName ?? 'unknown'}, ${told.architecture ?? 'architecture unknown'}`],
    ['platform', `${told.platform ?? 'unknown'} (${told.osType ?? 'unknown'})`],
    [
      'boot mode',
      told.bootModes.length > 1 ? `${told.bootMode} (can: ${told.bootModes.join(', ')})` : (told.bootMode ?? 'unknown'),
    ],
    ['kernel', told.kernelVersion ?? 'unknown'],
    ...(told.osType === 'windows' ? [] : [['cloud-init', told.cloudInitVersion ?? 'not found'] as const]),
    ['NVMe', told.nvmeSupport ?? 'unknown'],
  ];
}

function layout({ partitionTable, volumes }: Inspection): string {
  const table = partitionTable === 'none' ? 'no partition table' : partitionTable?.toUpperCase();
  const each = volumes.map(
    ({ name, size: bytes, content }) => `${name} ${content ?? 'unknown'}${bytes === null ? '' : ` ${size(bytes)}`}`,
  );
  return [table, ...each].join('; ');
}

function verdict({ findings: all, depth }: Inspection, ms: number): string {
  const count = (severity: Severity) => all.filter((finding) => finding.severity === severity).length;
  const blocking = count('blocking');
  const counts = `${blocking} blocking, ${count('warning')} warnings; read in ${duration(ms)}`;
  if (blocking > 0) return `an import is refused before the upload: ${counts}`;
  return depth === 'guest'
    ? `nothing found that keeps it from booting: ${counts}`
    : `nothing found in the container: ${counts}`;
}
