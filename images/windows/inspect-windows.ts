/** Inspects a Windows guest. The checks are independent, so damage disables only the check that meets it. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { attempts } from '../guest/attempts.js';
import type { BootModes } from '../guest/boot-mode.js';
import { type GuestFacts, NO_GUEST_FACTS } from '../guest/facts.js';
import { checkAddresses, checkAgents, checkDisks, checkRemoteDesktop } from './access.js';
import { checkBoot, type WindowsBoot } from './boot.js';
import { checkNvmeDriver, checkVirtio } from './drivers.js';
import type { Windows } from './find-windows.js';
import { checkLicence, identifyWindows, windowsArchitecture } from './identity.js';
import { checkHibernation, checkPending, checkSysprep, checkVolume } from './state.js';

const CHECK_DISK = 'Run chkdsk C: /f and sfc /scannow in the guest, shut it down cleanly, and export the image again.';

export function inspectWindows(
  windows: Windows,
  layout: DiskLayout,
  modes: BootModes,
  findings: FindingList,
): GuestFacts {
  const attempt = attempts(findings, CHECK_DISK);
  const identity = attempt('the version', () => identifyWindows(windows, findings), null);
  const architecture = attempt('the architecture', () => windowsArchitecture(windows, findings), null);
  const boot = attempt<WindowsBoot>(
    'the boot configuration',
    () => checkBoot(windows, identity?.build ?? null, architecture, layout, modes, findings),
    { bootMode: null, bootModes: [] },
  );
  attempt('the virtio drivers', () => checkVirtio(windows, findings), undefined);
  const nvmeSupport = attempt('the NVMe driver', () => checkNvmeDriver(windows, findings), null);
  if (identity !== null) checkLicence(identity, findings);
  attempt('the sysprep state', () => checkSysprep(windows, findings), undefined);
  attempt('pending updates', () => checkPending(windows, findings), undefined);
  attempt('hibernation', () => checkHibernation(windows, findings), undefined);
  attempt('the system volume', () => checkVolume(windows, findings), undefined);
  attempt('Remote Desktop', () => checkRemoteDesktop(windows, findings), undefined);
  attempt('the agents', () => checkAgents(windows, findings), undefined);
  attempt('the network', () => checkAddresses(windows, findings), undefined);
  attempt('the disks', () => checkDisks(windows, findings), undefined);
  return {
    ...NO_GUEST_FACTS,
    architecture,
    ...boot,
    osType: 'windows',
    platform: identity?.platform ?? null,
    osVersion: identity?.version ?? null,
    osName: identity?.name ?? null,
    kernelVersion: identity?.fullVersion ?? null,
    nvmeSupport,
    depth: 'guest',
  };
}
