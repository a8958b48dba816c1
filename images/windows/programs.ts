/** The installed programs, by the registry keys of their uninstallers. */
import { type InstalledPackage, packageOf } from '../guest/packages/package-list.js';
import { softwareKey, type Windows } from './find-windows.js';

const UNINSTALL = [
  'Microsoft\\Windows\\CurrentVersion\\Uninstall',
  // 32-bit programs on a 64-bit Windows.
  'WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall',
];
const MAX_PROGRAMS = 20_000;

/** Keys without a display name are components of others, which Windows does not show either. */
export function* installedPrograms(windows: Windows): Generator<InstalledPackage | null> {
  for (const path of UNINSTALL) {
    const { key } = softwareKey(windows, path);
    for (const name of key?.names().slice(0, MAX_PROGRAMS) ?? []) {
      const program = key?.key(name) ?? null;
      const displayName = program?.text('DisplayName') ?? '';
      if (program === null || displayName === '') continue;
      const version = { epoch: null, version: program.text('DisplayVersion') ?? '', release: null };
      yield packageOf(name, version, {
        displayName,
        installPath: program.text('InstallLocation'),
        publisher: program.text('Publisher'),
        url: program.text('URLInfoAbout'),
        description: program.text('Comments'),
      });
    }
  }
}
