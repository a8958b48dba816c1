/** Formats an inspection for the terminal: facts about the image, findings and verdict. */
import type { Severity } from '../domain/import.js';
import type { BootLinkState, Inspection } from '../images/inspection.js';
import type { ImportVerdict } from '../images/verdict/import-verdict.js';
import { clean, duration, indent, size } from './format.js';

import { findings } from './summary.js';

export function inspectionText(file: string, inspection: Inspection, verdict: ImportVerdict, ms: number): string {
  return [
    clean(file),
    ...facts(inspection).map(([name, value]) => indent(`${name.padEnd(10)} ${clean(value)}`)),
    ...packageLines(inspection),
    ...(verdict.findings.length === 0 ? ['findings: none'] : findings(verdict.findings)),
    resultLine(inspection, verdict, ms),
  ].join('\n');
}

function facts(inspection: Inspection): readonly (readonly [name: string, value: string])[] {
  const format = inspection.subformat === null ? inspection.format : `${inspection.format}, ${inspection.subformat}`;
  const virtual = inspection.virtualSize === null ? 'virtual size unknown' : `virtual ${size(inspection.virtualSize)}`;
  const minimum =
    inspection.diskImageSizeGiB === null ? '' : `; diskImageSize: at least ${inspection.diskImageSizeGiB} GiB`;
  const container: (readonly [string, string])[] = [
    ['format', format],
    ['size', `${virtual}, file ${size(inspection.fileSize)}, allocated ${size(inspection.allocatedSize)}${minimum}`],
  ];
  if (inspection.partitionTable !== null) container.push(['disk', layout(inspection)]);
  if (inspection.depth === 'container')
    return [...container, ['guest', 'not inspected: only the container format is supported']];
  return [
    ...container,
    ['OS', `${inspection.osName ?? 'unknown'}, ${inspection.architecture ?? 'architecture unknown'}`],
    ...(inspection.hostName === null ? [] : [['host name', inspection.hostName] as const]),
    ['platform', `${inspection.platform ?? 'unknown'} (${inspection.osType ?? 'unknown'})`],
    [
      'boot mode',
      inspection.bootModes.length > 1
        ? `${inspection.bootMode} (supported: ${inspection.bootModes.join(', ')})`
        : (inspection.bootMode ?? 'unknown'),
    ],
    ...(inspection.bootChain.length === 0 ? [] : [['boot', bootChain(inspection.bootChain)] as const]),
    ['kernel', inspection.kernelVersion ?? 'unknown'],
    ...(inspection.osType === 'windows' ? [] : [['cloud-init', inspection.cloudInitVersion ?? 'not found'] as const]),
    ['NVMe', inspection.nvmeSupport ?? 'unknown'],
  ];
}

/** Empty if they were not requested. */
function packageLines({ packages }: Inspection): string[] {
  if (packages === undefined) return [];
  if (packages === null) return ['packages: unknown'];
  const problem = packages.problem === null ? '' : ` (${packages.problem})`;
  const lines = packages.packages.map(({ name, displayName, version, release, architecture }) => {
    const full = [version, release].filter((part) => part !== null && part !== '').join('-');
    return indent(clean([displayName ?? name, full, architecture].filter(Boolean).join(' ')));
  });
  return [clean(`packages: ${packages.packages.length}${problem}`), ...lines];
}

function bootChain(links: Inspection['bootChain']): string {
  const named = (wanted: BootLinkState) => links.filter(({ state }) => state === wanted).map(({ link }) => link);
  const [broken, open] = [named('broken'), named('not verified')];
  const parts = [
    ...(broken.length === 0 ? [] : [`broken: ${broken.join(', ')}`]),
    ...(open.length === 0 ? [] : [`not verified: ${open.join(', ')}`]),
  ];
  return parts.length === 0 ? `verified: ${links.map(({ link }) => link).join(', ')}` : parts.join('; ');
}

function layout({ partitionTable, volumes }: Inspection): string {
  const table = partitionTable === 'none' ? 'no partition table' : partitionTable?.toUpperCase();
  const each = volumes.map(
    ({ name, size: bytes, content, damage }) =>
      `${name} ${damage === undefined ? '' : 'damaged '}${content ?? 'unknown'}${bytes === null ? '' : ` ${size(bytes)}`}`,
  );
  return [table, ...each].join('; ');
}

function resultLine({ depth, format }: Inspection, verdict: ImportVerdict, ms: number): string {
  const { conversion, findings: all, accepted } = verdict;
  const count = (severity: Severity) => all.filter((finding) => finding.severity === severity).length;
  const blocking = count('blocking');
  const counts = `${blocking} blocking, ${count('warning')} warnings; inspected in ${duration(ms)}`;
  if (!accepted) return `result: an import would fail before the upload: ${counts}`;
  if (blocking > 0) return `result: an import with --force would continue despite the blocking findings: ${counts}`;
  const converted = conversion === 'converted' ? `; an import converts it from ${format}` : '';
  if (depth === 'guest') return `result: no blocking finding${converted}: ${counts}`;
  const later = conversion === 'converted' ? ' and inspects its content then' : '';
  return `result: no blocking finding in the container${converted}${later}: ${counts}`;
}
