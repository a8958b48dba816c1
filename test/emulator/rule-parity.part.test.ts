/**
 * The product and the emulator implement the rules of the same document independently and share no code. For random
 * requests, both must agree: the emulator accepts every request that the product accepts, and the product reports every
 * error code of the emulator.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validateRequest } from '../../domain/request/schema.js';
import { LINUX_PLATFORMS, WINDOWS_PLATFORMS } from '../../domain/request/vocabulary.js';
import { ecsActions } from '../../emulator/ecs/actions.js';
import { ApiError } from '../../emulator/errors.js';
import { rootCaller } from '../../emulator/identity.js';
import { BUCKET, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startReadyCloud(raw());
  for (const key of ['web.VHD', 'web.iso', 'web', 'dir/web.qcow2', 'web.raw.gz']) await cloud.putObject(key, raw());
  cloud.makeRole('MyRole');
  cloud.makeRole('AliyunECSCloudBoxImageImportDefaultRole', 'AliyunECSCloudBoxImageImportRolePolicy');
});

afterAll(() => cloud.close());

/** Mostly valid values, because otherwise no request would pass all rules. */
const value = <T>(valid: readonly T[], invalid: readonly T[]) =>
  fc.option(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...valid) },
      { weight: 1, arbitrary: fc.constantFrom(...invalid) },
    ),
    {
      nil: undefined,
      freq: 2,
    },
  );

const text = (unit: string) => fc.string({ unit: fc.constantFrom(...unit), minLength: 1, maxLength: 6 });
const long = (length: number) => 'a'.repeat(length);

const disk = fc.record({
  key: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('web-01.raw', 'web.VHD', 'dir/web.qcow2', 'web') },
    { weight: 1, arbitrary: fc.constantFrom('web.iso', 'web.raw.gz') },
  ),
  format: value(['RAW', 'raw'], ['VDI', 'OVA']),
  size: value([1, 40, 2048], [0, 2049, 1.5]),
});

const requests = fc.record({
  imageName: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('web-01', '镜像.1', `w${long(127)}`, 'A_:') },
    { weight: 1, arbitrary: fc.constantFrom('w', long(129), 'acs:web', 'aliyunweb', 'x-http://y', '-web') },
    { weight: 1, arbitrary: text('aZ9.:_- é/中') },
  ),
  description: value(['two', long(256), 'see http://x'], ['d', long(257), 'http://x']),
  architecture: value(['i386', 'x86_64', 'arm64'], ['ARM64', 'riscv']),
  osType: value(['windows', 'linux'], ['Linux']),
  platform: value([...LINUX_PLATFORMS, ...WINDOWS_PLATFORMS], ['Slackware', 'ubuntu']),
  // The service sends UEFI for UEFI-Preferred, so it is not compared.
  bootMode: value(['BIOS', 'UEFI'], ['bios']),
  licenseType: value(['Auto', 'Aliyun', 'BYOL'], ['Mine']),
  resourceGroupId: value(['rg-acfm123'], ['acfm123']),
  roleName: value(['MyRole'], ['acs:ram::1:role/x']),
  nvmeSupport: value(['supported', 'unsupported'], ['yes']),
  imdsSupport: value(['v1', 'v2'], ['v3']),
  strategy: value(['Standard'], ['Deep']),
  tags: fc.dictionary(
    fc.oneof(
      { weight: 6, arbitrary: text('abcd') },
      { weight: 1, arbitrary: fc.constantFrom('acs:k', 'aliyunk', 'http://k', long(129)) },
    ),
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('', 'v', long(128)) },
      { weight: 1, arbitrary: fc.constantFrom('acs:v', 'https://v', long(129)) },
    ),
    { maxKeys: 4 },
  ),
  disks: fc.array(disk, { minLength: 1, maxLength: 4 }),
});

type Request = typeof requests extends fc.Arbitrary<infer T> ? T : never;

function forProduct(request: Request): object {
  const { nvmeSupport, imdsSupport, strategy, disks, ...rest } = request;
  return {
    region: REGION,
    ...rest,
    disks: disks.map(({ key, format, size }) => ({ source: `oss://${BUCKET}/${key}`, format, diskImageSize: size })),
    ...(strategy === undefined ? {} : { detection: { strategy } }),
    features: { nvmeSupport, imdsSupport },
  };
}

function forEmulator(request: Request): Readonly<Record<string, string>> {
  const params: Record<string, string | undefined> = {
    RegionId: REGION,
    ImageName: request.imageName,
    Description: request.description,
    Architecture: request.architecture,
    OSType: request.osType ?? impliedSystem(request.platform),
    Platform: request.platform,
    BootMode: request.bootMode,
    LicenseType: request.licenseType,
    ResourceGroupId: request.resourceGroupId,
    RoleName: request.roleName,
    DetectionStrategy: request.strategy,
    'Features.NvmeSupport': request.nvmeSupport,
    'Features.ImdsSupport': request.imdsSupport,
    DryRun: 'true',
  };
  for (const [index, [key, tagValue]] of Object.entries(request.tags).entries()) {
    params[`Tag.${index + 1}.Key`] = key;
    params[`Tag.${index + 1}.Value`] = tagValue;
  }
  for (const [index, { key, format, size }] of request.disks.entries()) {
    const name = `DiskDeviceMapping.${index + 1}`;
    params[`${name}.OSSBucket`] = BUCKET;
    params[`${name}.OSSObject`] = key;
    params[`${name}.Format`] = format;
    params[`${name}.DiskImageSize`] = size === undefined ? undefined : String(size);
  }
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, param]) => (param === undefined ? [] : [[name, param]])),
  );
}

/** The product derives the OS type from the platform; the default of the cloud is linux. */
function impliedSystem(platform: string | undefined): string | undefined {
  return WINDOWS_PLATFORMS.some((known) => known === platform) ? 'windows' : undefined;
}

async function emulatorCode(params: Readonly<Record<string, string>>): Promise<string> {
  const { world } = cloud;
  const call = {
    world,
    service: 'ecs',
    action: 'ImportImage',
    params,
    caller: rootCaller('emulator'),
    now: world.now(),
  };
  try {
    await ecsActions.ImportImage?.run(call);
    return 'the dry run created an image';
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error);
  }
}

/** The vendor does not publish the Windows versions that detection supports. The emulator rejects one of them. */
const NOT_IN_THE_DOCUMENT = ['ImageCheckUnsupported.WindowsImage'];

/** The catalogue uses the correct spelling of a code that the vendor misspells. */
const correctSpelling = (code: string) => code.replace('ServiceAcount', 'ServiceAccount');

test('product and emulator agree on every random request', async () => {
  const seen = { accepted: 0, codes: new Set<string>() };
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const checked = validateRequest(forProduct(request));
      const code = correctSpelling(await emulatorCode(forEmulator(request)));
      if (code === 'DRYRUN.SUCCESS') {
        if (checked.ok) seen.accepted += 1;
        return;
      }
      seen.codes.add(code);
      if (NOT_IN_THE_DOCUMENT.includes(code)) return;
      const codes = checked.ok ? ['none'] : checked.problems.map(({ vendorCode }) => vendorCode);
      expect(codes).toContain(code);
    }),
    { numRuns: 800, seed: 20261124 },
  );
  // The test is meaningful only if many requests are accepted, and the others fail for many different reasons.
  expect(seen.accepted).toBeGreaterThan(50);
  expect(seen.codes.size).toBeGreaterThan(12);
});
