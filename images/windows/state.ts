/** Checks the state of the shut-down Windows: sysprep, pending updates, hibernation, unclean shutdown, free space. */
import type { FindingList } from '../findings.js';
import { controlKey, softwareKey, type Windows } from './find-windows.js';

const ANSWER_FILES = [
  '/Windows/Panther/Unattend/Unattend.xml',
  '/Windows/Panther/unattend.xml',
  '/Windows/System32/Sysprep/Unattend.xml',
  '/Unattend.xml',
];

export function checkSysprep(windows: Windows, findings: FindingList): void {
  const state = softwareKey(windows, 'Microsoft\\Windows\\CurrentVersion\\Setup\\State');
  const image = state.key?.text('ImageState') ?? null;
  const setup = windows.system.root.key('Setup');
  const running = ['SystemSetupInProgress', 'OOBEInProgress', 'UpgradeInProgress'].filter(
    (name) => (setup?.number(name) ?? 0) !== 0,
  );
  const generalization = windows.system.root.key('Setup\\Status\\SysprepStatus')?.number('GeneralizationState') ?? null;
  const evidence = [
    `${state.path}: ImageState=${image ?? 'none'}`,
    ...(generalization === null ? [] : [`SYSTEM\\Setup\\Status\\SysprepStatus: GeneralizationState=${generalization}`]),
    ...(running.length === 0 ? [] : [`SYSTEM\\Setup: ${running.map((name) => `${name}=1`).join(', ')}`]),
  ].join('; ');
  if (image === 'IMAGE_STATE_UNDEPLOYABLE') {
    findings.add(
      'blocking',
      'ECSIMPORT.Sysprep',
      'Sysprep or setup was interrupted: Windows marks this image as undeployable',
      evidence,
      'Start the machine, let setup finish, check C:\\Windows\\System32\\Sysprep\\Panther\\setuperr.log, and run sysprep again.',
    );
    return;
  }
  if (image !== null && /RESEAL_TO_(OOBE|AUDIT)$/.test(image)) {
    reportGeneralized(windows, image, evidence, findings);
    return;
  }
  if (running.length > 0) {
    const message = 'Windows Setup is still in progress: it continues at the first boot on ECS';
    findings.add(
      'warning',
      'ECSIMPORT.Sysprep',
      message,
      evidence,
      'Start the machine, let setup finish, and export the disk again.',
    );
    return;
  }
  findings.add(
    'info',
    'ECSIMPORT.Sysprep',
    'The image is not generalized: all instances created from it have the same machine SID and name',
    evidence,
    'To create several instances, run in the guest: C:\\Windows\\System32\\Sysprep\\sysprep.exe /generalize /oobe /shutdown',
  );
}

function reportGeneralized(windows: Windows, image: string, evidence: string, findings: FindingList): void {
  const audit = image.endsWith('AUDIT');
  const answers = ANSWER_FILES.find((file) => windows.tree.exists(file));
  if (!audit && answers !== undefined) {
    const message = 'The image is generalized, with an answer file for the first boot';
    findings.add('info', 'ECSIMPORT.Sysprep', message, `${evidence}; ${answers}`, '');
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.Sysprep',
    audit
      ? 'Sysprep set audit mode: the first boot waits for input at the console'
      : 'The image is generalized without an answer file: the first boot may wait for input at the console',
    evidence,
    'Run sysprep /generalize /oobe /shutdown /unattend:FILE in the guest, e.g. with the answer file of cloudbase-init.',
  );
}

export function checkPending(windows: Windows, findings: FindingList): void {
  const servicing = softwareKey(
    windows,
    'Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending',
  );
  const updates = softwareKey(
    windows,
    'Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired',
  );
  const pending = [
    ...[servicing, updates].filter(({ key }) => key !== null).map(({ path }) => path),
    ...(windows.tree.exists('/Windows/WinSxS/pending.xml') ? ['/Windows/WinSxS/pending.xml'] : []),
  ];
  if (pending.length > 0) {
    findings.add(
      'warning',
      'ECSIMPORT.PendingUpdates',
      'Updates are waiting for a restart: the first boot on ECS installs them, takes long and may fail',
      pending.join('; '),
      'Restart the machine until no updates are pending, shut it down, and export the disk again.',
    );
  }
  const { key, path } = controlKey(windows, 'Control\\Session Manager');
  const renames = key?.texts('PendingFileRenameOperations')?.filter((name) => name !== '') ?? [];
  if (renames.length > 0) {
    const evidence = `${path}: PendingFileRenameOperations has ${renames.length} entries, first ${renames[0]}`;
    findings.add('info', 'ECSIMPORT.PendingRenames', 'Windows replaces files at the next boot', evidence, '');
  }
}

const FULL_SHUTDOWN = 'Run in the guest: powercfg /hibernate off; shutdown /s /f /t 0. Then export the disk again.';

export function checkHibernation(windows: Windows, findings: FindingList): void {
  const file = windows.tree.info('/hiberfil.sys');
  if (file?.kind === 'file' && file.size > 0) {
    const signature = windows.tree.bytes('/hiberfil.sys', 4)?.toString('latin1') ?? '';
    if (/^hibr$/i.test(signature)) {
      findings.add(
        'blocking',
        'ECSIMPORT.Hibernated',
        'Windows is hibernated, or was shut down with fast startup: it cannot resume on other hardware, and open files may be lost',
        `/hiberfil.sys begins with ${signature}`,
        FULL_SHUTDOWN,
      );
      return;
    }
  }
  const { key, path } = controlKey(windows, 'Control\\Session Manager\\Power');
  if (file !== null && key?.number('HiberbootEnabled') === 1) {
    const evidence = `${path}: HiberbootEnabled=1; /hiberfil.sys`;
    const message = 'Fast startup is enabled: a normal shutdown hibernates the Windows kernel';
    findings.add('info', 'ECSIMPORT.FastStartup', message, evidence, FULL_SHUTDOWN);
  }
}

const GIB = 1024 ** 3;

export function checkVolume({ volume, system, software }: Windows, findings: FindingList): void {
  const { fileSystem } = volume;
  if (fileSystem?.stale) {
    findings.add(
      'warning',
      'ECSIMPORT.NotUnmounted',
      'The system volume was not unmounted cleanly: the latest changes to files may be missing',
      `${volume.name} (ntfs): ${fileSystem.stale}`,
      'Run chkdsk C: /f in the guest, restart it, run shutdown /s /f /t 0, and export the disk again.',
    );
  }
  const dirty = [system.dirty ? 'SYSTEM' : null, software?.dirty ? 'SOFTWARE' : null].filter((name) => name !== null);
  if (dirty.length > 0) {
    findings.add(
      'info',
      'ECSIMPORT.Registry',
      'The registry was not flushed: the findings may not reflect its latest changes',
      `${dirty.join(' and ')} in /Windows/System32/config; the inspection does not replay transaction logs`,
      'Run shutdown /s /f /t 0 in the guest, and export the disk again.',
    );
  }
  const free = fileSystem?.freeBytes ?? null;
  const total = fileSystem?.totalBytes ?? 0;
  if (free === null || free >= Math.min(0.02 * total, GIB)) return;
  findings.add(
    'warning',
    'ECSIMPORT.FreeSpace',
    'The system volume is full',
    `${volume.name}: ${(free / GIB).toFixed(2)} GiB of ${(total / GIB).toFixed(2)} GiB free`,
    'Free space in the guest, or import with a larger diskImageSize and extend the volume: diskpart, select volume C, extend.',
  );
}
