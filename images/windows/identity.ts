/** Identifies the Windows version, and maps it to ImportImage's Platform value. */
import { WINDOWS_PLATFORMS } from '../../domain/request/vocabulary.js';
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { Architecture } from '../guest/identity.js';
import { controlKey, softwareKey, type Windows } from './find-windows.js';

export interface WindowsIdentity {
  /** A Platform value of ImportImage. */
  readonly platform: string;
  /** ProductName, e.g. `Windows Server 2022 Datacenter`. */
  readonly name: string;
  /** `10.0.20348`. */
  readonly version: string;
  /** `version` with the update build revision (UBR), if the registry has one. */
  readonly fullVersion: string;
  readonly build: number;
  readonly server: boolean;
  readonly edition: string;
}

const CURRENT_VERSION = 'Microsoft\\Windows NT\\CurrentVersion';
const FIRST_WINDOWS_11 = 22_000;

/** The year of each server build, for product names without a year. */
const SERVER_YEARS: Readonly<Record<number, string>> = {
  3790: '2003',
  6001: '2008',
  6002: '2008',
  6003: '2008',
  7600: '2008',
  7601: '2008',
  9200: '2012',
  9600: '2012',
  14393: '2016',
  17763: '2019',
  20348: '2022',
};

export function identifyWindows(windows: Windows, findings: FindingList): WindowsIdentity | null {
  const { key, path } = softwareKey(windows, CURRENT_VERSION);
  const build = Number(key?.text('CurrentBuildNumber') ?? key?.text('CurrentBuild'));
  if (key === null || !Number.isSafeInteger(build) || build <= 0) {
    findings.add(
      'warning',
      'GUESTOS.Platform',
      'Could not determine the Windows version',
      `${path}: ${key === null ? 'not readable' : 'no CurrentBuild'}`,
      'Set platform in the request. Use "Other Windows" if you are not sure.',
    );
    return null;
  }
  const product = key.text('ProductName') ?? 'Windows';
  const edition = key.text('EditionID') ?? '';
  const installation = key.text('InstallationType') ?? '';
  const server = installation === '' ? /Server/i.test(`${product} ${edition}`) : !/^Client/i.test(installation);
  // Windows 11 has "Windows 10" in its ProductName.
  const name = !server && build >= FIRST_WINDOWS_11 ? product.replace('Windows 10', 'Windows 11') : product;
  const platform = platformOf(name, build, server);
  const major = key.number('CurrentMajorVersionNumber');
  const release =
    major === null ? (key.text('CurrentVersion') ?? '6.1') : `${major}.${key.number('CurrentMinorVersionNumber') ?? 0}`;
  const version = `${release}.${build}`;
  const update = key.number('UBR');
  const fullVersion = update === null ? version : `${version}.${update}`;
  const evidence = `${path}: ProductName=${product}, EditionID=${edition}, InstallationType=${installation}, build ${build}`;
  findings.add('info', 'GUESTOS.Platform', `Platform ${platform}`, evidence, '');
  findings.add('info', 'GUESTOS.OSVersion', `${name}, version ${fullVersion}`, evidence, '');
  return { platform, name, version, fullVersion, build, server, edition };
}

function platformOf(name: string, build: number, server: boolean): string {
  // ImportImage has no Platform value for Hyper-V Server and the semi-annual releases.
  const named = /^(?:Microsoft )?Windows Server(?: \(R\)|®)? (\d{4})/.exec(name)?.[1];
  const year = named ?? (server && /^Windows(?: Server)?$/.test(name) ? SERVER_YEARS[build] : undefined);
  return WINDOWS_PLATFORMS.find((platform) => platform === `Windows Server ${year}`) ?? 'Other Windows';
}

export function windowsHostName(windows: Windows): string | null {
  const name = controlKey(windows, 'Control\\ComputerName\\ComputerName').key?.text('ComputerName') ?? '';
  return name === '' ? null : printable(name).slice(0, MAX_NAME);
}

const MAX_NAME = 63;
const ARCHITECTURES: Readonly<Record<string, Architecture>> = { amd64: 'x86_64', x86: 'i386', arm64: 'arm64' };

export function windowsArchitecture(windows: Windows, findings: FindingList): Architecture | null {
  const { key, path } = controlKey(windows, 'Control\\Session Manager\\Environment');
  const value = key?.text('PROCESSOR_ARCHITECTURE') ?? '';
  const architecture = ARCHITECTURES[value.toLowerCase()];
  const evidence = `${path}: PROCESSOR_ARCHITECTURE=${value}`;
  if (architecture === undefined) {
    const remedy = 'Set architecture in the request.';
    findings.add('info', 'GUESTOS.Architecture', 'Could not determine the architecture', evidence, remedy);
    return null;
  }
  findings.add('info', 'GUESTOS.Architecture', `Architecture ${architecture}`, evidence, '');
  return architecture;
}

/** Checks which licenseType fits the edition in the image. */
export function checkLicence({ edition, server, platform, name }: WindowsIdentity, findings: FindingList): void {
  const evidence = `SOFTWARE\\${CURRENT_VERSION}: EditionID=${edition}`;
  if (/Eval/i.test(edition)) {
    findings.add(
      'warning',
      'ECSIMPORT.Licence',
      'This is an evaluation edition: it cannot be activated and shuts down when the evaluation period ends',
      evidence,
      'Run in the guest: DISM /Online /Set-Edition:ServerStandard /ProductKey:KEY /AcceptEula; or set licenseType to BYOL and provide a key.',
    );
  } else if (!server || platform === 'Other Windows') {
    findings.add(
      'warning',
      'ECSIMPORT.Licence',
      `Alibaba Cloud does not provide licences for ${name}: it needs your own licence`,
      evidence,
      'Set licenseType to BYOL.',
    );
  } else {
    findings.add(
      'info',
      'ECSIMPORT.Licence',
      'licenseType Aliyun activates Windows through Alibaba Cloud’s KMS and bills the licence; BYOL keeps your own key',
      evidence,
      '',
    );
  }
}
