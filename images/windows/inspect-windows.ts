/** Inspects a Windows guest. The checks are independent, so damage disables only the check that meets it. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import type { BootModes } from '../guest/boot-mode.js';
import { createCheckRunner } from '../guest/check-runner.js';
import { type GuestFacts, NO_GUEST_FACTS } from '../guest/facts.js';
import { boundedList } from '../guest/packages/read-packages.js';
import type { DiskContext } from '../inspection.js';
import { checkAddresses, checkAgents, checkDisks, checkRemoteDesktop } from './access.js';
import { checkBoot, type WindowsBoot } from './boot.js';
import { checkNvmeDriver, checkVirtio } from './drivers.js';
import type { Windows } from './find-windows.js';
import { checkLicence, identifyWindows, windowsArchitecture, windowsHostName } from './identity.js';
import { installedPrograms } from './programs.js';
import { checkHibernation, checkPending, checkSysprep, checkVolume } from './state.js';

const CHECK_DISK = 'Run chkdsk C: /f and sfc /scannow in the guest, shut it down cleanly, and export the image again.';

export function inspectWindows(
  windows: Windows,
  layout: DiskLayout,
  modes: BootModes,
  disk: DiskContext,
  findings: FindingList,
): GuestFacts {
  const runCheck = createCheckRunner(findings, CHECK_DISK);
  const identity = runCheck('the version', () => identifyWindows(windows, findings), null);
  const architecture = runCheck('the architecture', () => windowsArchitecture(windows, findings), null);
  const boot = runCheck<WindowsBoot>(
    'the boot configuration',
    () => checkBoot(windows, identity?.build ?? null, architecture, layout, modes, findings),
    { bootMode: null, bootModes: [] },
  );
  runCheck('the virtio drivers', () => checkVirtio(windows, findings), undefined);
  const nvmeSupport = runCheck('the NVMe driver', () => checkNvmeDriver(windows, findings), null);
  if (identity !== null) checkLicence(identity, findings);
  runCheck('the sysprep state', () => checkSysprep(windows, findings), undefined);
  runCheck('pending updates', () => checkPending(windows, findings), undefined);
  runCheck('hibernation', () => checkHibernation(windows, findings), undefined);
  runCheck('the system volume', () => checkVolume(windows, findings), undefined);
  runCheck('Remote Desktop', () => checkRemoteDesktop(windows, findings), undefined);
  runCheck('the agents', () => checkAgents(windows, findings), undefined);
  runCheck('the network', () => checkAddresses(windows, findings), undefined);
  runCheck('the disks', () => checkDisks(windows, findings), undefined);
  return {
    ...NO_GUEST_FACTS,
    architecture,
    ...boot,
    osType: 'windows',
    ...(disk.packages === true ? { packages: boundedList(installedPrograms(windows)) } : {}),
    hostName: runCheck('the host name', () => windowsHostName(windows), null),
    platform: identity?.platform ?? null,
    osVersion: identity?.version ?? null,
    osName: identity?.name ?? null,
    kernelVersion: identity?.fullVersion ?? null,
    nvmeSupport,
    depth: 'guest',
  };
}
