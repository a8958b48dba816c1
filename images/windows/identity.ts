/** Which Windows this is: the registry's names to the vendor's Platform value. */
import { WINDOWS_PLATFORMS } from '../../domain/request/vocabulary.js';
import type { FindingList } from '../findings.js';
import type { Architecture } from '../guest/identity.js';
import { controlKey, softwareKey, type Windows } from './find-windows.js';

export interface WindowsIdentity {
  /** One of the vendor's values. */
  readonly platform: string;
  /** As it calls itself, e.g. `Windows Server 2022 Datacenter`. */
  readonly name: string;
  /** `10.0.20348`. */
  readonly version: string;
  /** With the number of the last update, where the registry has one. */
  readonly fullVersion: string;
  readonly build: number;
  readonly server: boolean;
  readonly edition: string;
}

const CURRENT_VERSION = 'Microsoft\\Windows NT\\CurrentVersion';
const FIRST_WINDOWS_11 = 22_000;

/** Server builds by the year in their name; a name without a year is told by its build. */
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
      'Could not tell which Windows it is',
      `${path}: ${key === null ? 'not readable' : 'no CurrentBuild'}`,
      'Set platform in the request: "Other Windows" when in doubt.',
    );
    return null;
  }
  const product = key.text('ProductName') ?? 'Windows';
  const edition = key.text('EditionID') ?? '';
  const installation = key.text('InstallationType') ?? '';
  const server = installation === '' ? /Server/i.test(`${product} ${edition}`) : !/^Client/i.test(installation);
  // Windows 11 still calls itself 10 there.
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
  // Hyper-V Server and the half-yearly releases are on no list of the vendor.
  const named = /^(?:Microsoft )?Windows Server(?: \(R\)|®)? (\d{4})/.exec(name)?.[1];
  const year = named ?? (server && /^Windows(?: Server)?$/.test(name) ? SERVER_YEARS[build] : undefined);
  return WINDOWS_PLATFORMS.find((platform) => platform === `Windows Server ${year}`) ?? 'Other Windows';
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = { amd64: 'x86_64', x86: 'i386', arm64: 'arm64' };

export function windowsArchitecture(windows: Windows, findings: FindingList): Architecture | null {
  const { key, path } = controlKey(windows, 'Control\\Session Manager\\Environment');
  const value = key?.text('PROCESSOR_ARCHITECTURE') ?? '';
  const architecture = ARCHITECTURES[value.toLowerCase()];
  const evidence = `${path}: PROCESSOR_ARCHITECTURE=${value}`;
  if (architecture === undefined) {
    const remedy = 'Set architecture in the request.';
    findings.add('info', 'GUESTOS.Architecture', 'Could not tell the architecture', evidence, remedy);
    return null;
  }
  findings.add('info', 'GUESTOS.Architecture', `Architecture ${architecture}`, evidence, '');
  return architecture;
}

/** What the licence in the image means for licenseType. */
export function checkLicence({ edition, server, platform, name }: WindowsIdentity, findings: FindingList): void {
  const evidence = `SOFTWARE\\${CURRENT_VERSION}: EditionID=${edition}`;
  if (/Eval/i.test(edition)) {
    findings.add(
      'warning',
      'ECSIMPORT.Licence',
      'An evaluation edition: no key server activates it, and it shuts itself down when its time is over',
      evidence,
      'In the guest: DISM /Online /Set-Edition:ServerStandard /ProductKey:KEY /AcceptEula, or set licenseType to BYOL and bring a key.',
    );
  } else if (!server || platform === 'Other Windows') {
    findings.add(
      'warning',
      'ECSIMPORT.Licence',
      `The cloud’s own licences do not cover ${name}: it runs with a licence of yours`,
      evidence,
      'Set licenseType to BYOL.',
    );
  } else {
    findings.add(
      'info',
      'ECSIMPORT.Licence',
      'licenseType Aliyun activates it by the cloud’s key server and bills it; BYOL keeps your own key',
      evidence,
      '',
    );
  }
}
