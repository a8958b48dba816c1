/** The state in which Windows was left: sysprep, updates that wait for a restart, hibernation, an unclean end. */
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
      'Sysprep or setup was interrupted: Windows itself calls this image undeployable',
      evidence,
      'Start the machine, let setup end, then run sysprep again: see C:\\Windows\\System32\\Sysprep\\Panther\\setuperr.log',
    );
    return;
  }
  if (image !== null && /RESEAL_TO_(OOBE|AUDIT)$/.test(image)) {
    tellGeneralized(windows, image, evidence, findings);
    return;
  }
  if (running.length > 0) {
    const message = 'Setup is still going on: the first start on ECS continues it';
    findings.add(
      'warning',
      'ECSIMPORT.Sysprep',
      message,
      evidence,
      'Start the machine and let setup end before the export.',
    );
    return;
  }
  findings.add(
    'info',
    'ECSIMPORT.Sysprep',
    'Not generalized: every instance made from this image has the same machine SID and name',
    evidence,
    'Fine for moving one machine. For an image of many: C:\\Windows\\System32\\Sysprep\\sysprep.exe /generalize /oobe /shutdown',
  );
}

function tellGeneralized(windows: Windows, image: string, evidence: string, findings: FindingList): void {
  const audit = image.endsWith('AUDIT');
  const answers = ANSWER_FILES.find((file) => windows.tree.exists(file));
  if (!audit && answers !== undefined) {
    const message = 'Generalized by sysprep; the first start is answered by a file';
    findings.add('info', 'ECSIMPORT.Sysprep', message, `${evidence}; ${answers}`, '');
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.Sysprep',
    audit
      ? 'Sysprep was told to start in audit mode: the first start waits for a person'
      : 'Generalized by sysprep without an answer file: the first start may wait for a person at the console',
    evidence,
    'sysprep /generalize /oobe /shutdown /unattend:FILE with an answer file, e.g. the one that cloudbase-init brings.',
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
      'Updates wait for a restart: the first start on ECS installs them, takes long, and may fail',
      pending.join('; '),
      'Restart the machine until nothing is pending, then shut it down and export it.',
    );
  }
  const { key, path } = controlKey(windows, 'Control\\Session Manager');
  const renames = key?.texts('PendingFileRenameOperations')?.filter((name) => name !== '') ?? [];
  if (renames.length > 0) {
    const evidence = `${path}: PendingFileRenameOperations has ${renames.length} entries, first ${renames[0]}`;
    findings.add('info', 'ECSIMPORT.PendingRenames', 'Files are replaced at the next start', evidence, '');
  }
}

const WAKE_UP = 'In the guest: powercfg /hibernate off; shutdown /s /f /t 0';

export function checkHibernation(windows: Windows, findings: FindingList): void {
  const file = windows.tree.info('/hiberfil.sys');
  if (file?.kind === 'file' && file.size > 0) {
    const mark = windows.tree.bytes('/hiberfil.sys', 4)?.toString('latin1') ?? '';
    if (/^hibr$/i.test(mark)) {
      findings.add(
        'blocking',
        'ECSIMPORT.Hibernated',
        'Windows was hibernated, or shut down with fast startup: it would wake up on other hardware, with open files',
        `/hiberfil.sys begins with ${mark}`,
        WAKE_UP,
      );
      return;
    }
  }
  const { key, path } = controlKey(windows, 'Control\\Session Manager\\Power');
  if (file !== null && key?.number('HiberbootEnabled') === 1) {
    const evidence = `${path}: HiberbootEnabled=1; /hiberfil.sys`;
    const message = 'Fast startup is on: a shutdown leaves Windows half asleep';
    findings.add('info', 'ECSIMPORT.FastStartup', message, evidence, WAKE_UP);
  }
}

const GIB = 1024 ** 3;

export function checkVolume({ volume, system, software }: Windows, findings: FindingList): void {
  const { fileSystem } = volume;
  if (fileSystem?.stale) {
    findings.add(
      'warning',
      'ECSIMPORT.NotUnmounted',
      'The system volume was not closed cleanly: files may be older than they were in the guest',
      `${volume.name} (ntfs): ${fileSystem.stale}`,
      'In the guest: chkdsk C: /f, restart, shutdown /s /f /t 0; then export the disk again.',
    );
  }
  const dirty = [system.dirty ? 'SYSTEM' : null, software?.dirty ? 'SOFTWARE' : null].filter((name) => name !== null);
  if (dirty.length > 0) {
    findings.add(
      'info',
      'ECSIMPORT.Registry',
      'The registry was not written out to its end: what is told of it may be older than the last changes',
      `${dirty.join(' and ')} in /Windows/System32/config; their logs are not replayed here`,
      'In the guest: shutdown /s /f /t 0; then export the disk again.',
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
    'Free some space, or import with a larger diskImageSize and extend the volume: diskpart, select volume C, extend.',
  );
}
