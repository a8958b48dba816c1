/**
 * `npm run bench:inspection [IMAGE…]`: inspects each image with this project and with libguestfs' virt-inspector, and compares
 * time and facts. Needs Debian's libguestfs-tools, qemu-system-x86 and a kernel in /boot. Default: the demo's image.
 * Last line: `N images, N.N x virt-inspector, N of N facts equal`.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { InstalledPackage } from '../../images/guest/packages/package-list.js';
import { createInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const images = process.argv.length > 2 ? process.argv.slice(2) : [path.join(ROOT, 'assets/debian-demo.qcow2')];
const MINUTES_15 = 900_000;

/** Of an application in virt-inspector's report. */
const FIELDS: readonly (readonly [field: string, oursOf: (one: InstalledPackage) => string | number | null])[] = [
  ['name', ({ name }) => name],
  ['display_name', ({ displayName }) => displayName],
  ['epoch', ({ epoch }) => epoch],
  ['version', ({ version }) => version],
  ['release', ({ release }) => release],
  ['arch', ({ architecture }) => architecture],
  ['install_path', ({ installPath }) => installPath],
  ['publisher', ({ publisher }) => publisher],
  ['url', ({ url }) => url],
  ['source_package', ({ source }) => source],
  ['summary', ({ summary }) => summary],
  ['description', ({ description }) => description],
];

let [ours, theirs, facts, equal] = [0, 0, 0, 0];
for (const image of images) {
  const inspector = createInspector({ outputLimitBytes: 16 * 1024 * 1024 });
  const inspect = () => inspector(image, { packages: true });
  // The first inspection of a process starts the reader; a worker keeps it.
  const first = await timed(inspect);
  const next = await timed(inspect);
  const other = await timed(() => Promise.resolve(virtInspector(image)));
  ours += first.seconds;
  theirs += other.seconds;
  const name = path.basename(image);
  console.log(
    `${name}: ${first.seconds.toFixed(2)} s, again ${next.seconds.toFixed(2)} s; virt-inspector ${other.seconds.toFixed(1)} s`,
  );
  for (const [fact, found, wanted] of compare(next.result, other.result)) {
    facts += 1;
    if (found === wanted) equal += 1;
    console.log(`  ${found === wanted ? 'equal ' : 'DIFFER'} ${fact}: ${found} | ${wanted}`);
  }
}
console.log(
  `${images.length} images, ${(theirs / ours).toFixed(1)} x virt-inspector, ${equal} of ${facts} facts equal`,
);

async function timed<T>(step: () => Promise<T>): Promise<{ readonly result: T; readonly seconds: number }> {
  const startedAt = performance.now();
  const result = await step();
  return { result, seconds: (performance.now() - startedAt) / 1000 };
}

function virtInspector(image: string): string {
  const env = { ...process.env, LIBGUESTFS_BACKEND: 'direct', LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg' };
  const options = { env, encoding: 'utf8' as const, timeout: MINUTES_15, maxBuffer: 64 * 1024 * 1024 };
  const { status, stdout, stderr, error } = spawnSync('virt-inspector', ['-a', image], options);
  if (status !== 0) throw new Error(`virt-inspector: ${error?.message ?? stderr.slice(0, 500)}`);
  return stdout;
}

/** Every fact of virt-inspector except its icon and its names of devices. */
function compare(inspection: Inspection, xml: string): Fact[] {
  const value = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
  const mounts = [...xml.matchAll(/<mountpoint dev="[^"]*">([^<]*)</g)].map((found) => found[1] ?? '');
  const systems = [...xml.matchAll(/<filesystem dev="[^"]*">(.*?)<\/filesystem>/gs)].map((found) => found[1] ?? '');
  const each = (name: string) =>
    systems.map((one) => new RegExp(`<${name}>([^<]*)<`).exec(one)?.[1] ?? '').filter(Boolean);
  const list = (values: readonly (string | null)[]) => [...new Set(values)].filter(Boolean).sort().join(' ');
  const volumes = inspection.volumes.filter(({ content, uuid }) => content !== null && uuid !== null);
  const majorOf = (text: string | null) => text?.split('.')[0] ?? '';
  return [
    ['system', inspection.osType ?? '', value('name')],
    ['architecture', inspection.architecture ?? '', value('arch').replace('aarch64', 'arm64')],
    ['distribution', (inspection.platform ?? '').toLowerCase(), value('distro')],
    ['version', majorOf(inspection.osVersion), value('major_version')],
    ['package format', inspection.packageFormat ?? '', value('package_format')],
    ['host name', inspection.hostName ?? '', value('hostname')],
    ['mounts', list(inspection.mounts.map(({ at }) => at)), list(mounts)],
    ['file systems', list(volumes.map(({ content }) => content)), list(each('type'))],
    ['labels', list(volumes.map(({ label }) => label)), list(each('label'))],
    ...applications(inspection, xml),
    ['UUIDs', list(volumes.map(({ uuid }) => uuid)), list(each('uuid'))],
  ];
}

type Fact = [fact: string, ours: string, theirs: string];

/** One fact for each field: how many packages have it, and how many of them have the same value in both. */
function applications({ packages }: Inspection, xml: string): Fact[] {
  const theirs = [...xml.matchAll(/<application>(.*?)<\/application>/gs)].map(([, one = '']) => (field: string) => {
    const value = new RegExp(`<${field}>([^<]*)</${field}>`).exec(one)?.[1] ?? '';
    return value
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&')
      .trim();
  });
  const ours = new Map(packages?.packages.map((one) => [`${one.name} ${one.architecture ?? ''}`, one]));
  const ourOf = (value: (field: string) => string) => ours.get(`${value('name')} ${value('arch')}`);
  // A dot alone is an empty line of dpkg.
  const words = (text: string) =>
    text
      .replace(/^\s*\.$/gm, '')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 200);
  return FIELDS.map(([field, oursOf]) => {
    const having = theirs.filter((value) => value(field) !== '' && value(field) !== '0');
    const equal = having.filter((value) => {
      const one = ourOf(value);
      return one !== undefined && words(String(oursOf(one) ?? '')) === words(value(field));
    });
    return [`applications with the same ${field}`, String(equal.length), String(having.length)];
  });
}
