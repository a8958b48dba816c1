/** Installed packages, as every package manager's reader reports them. */
import { printable } from '../../bytes.js';

export interface InstalledPackage {
  /** On Windows the key of its uninstaller, often a GUID. */
  readonly name: string;
  /** Null where there is none. The same holds for the other fields. */
  readonly epoch: number | null;
  /** Empty where it is not recorded, as for some programs on Windows. */
  readonly version: string;
  readonly release: string | null;
  readonly architecture: string | null;
  /** The package that it was built from. */
  readonly source: string | null;
  readonly summary: string | null;
  readonly description: string | null;
  readonly url: string | null;
  readonly publisher: string | null;
  /** Windows only. */
  readonly displayName: string | null;
  /** Windows only. */
  readonly installPath: string | null;
}

export interface PackageList {
  readonly packages: readonly InstalledPackage[];
  /** Why packages may be missing; null if the list is complete. */
  readonly problem: string | null;
}

export type Field = Exclude<keyof InstalledPackage, 'name' | 'version' | 'epoch'>;

const MAX_WORD = 500;
const MAX_TEXT = 4000;

/** Bounds every text, and removes its control characters. Null: it has no name. */
export function packageOf(
  name: string,
  { epoch, version, release }: Version,
  fields: Partial<Record<Field, string | null>> = {},
): InstalledPackage | null {
  const text = (value: string | null | undefined, max = MAX_WORD) => printable(value ?? '', max) || null;
  const clean = text(name);
  if (clean === null) return null;
  return {
    name: clean,
    epoch,
    version: text(version) ?? '',
    release: text(release),
    architecture: text(fields.architecture),
    source: text(fields.source),
    summary: text(fields.summary),
    description: text(fields.description, MAX_TEXT),
    url: text(fields.url),
    publisher: text(fields.publisher),
    displayName: text(fields.displayName),
    installPath: text(fields.installPath),
  };
}

export interface Version {
  readonly epoch: number | null;
  readonly version: string;
  readonly release: string | null;
}

/** `EPOCH:VERSION-RELEASE`, as dpkg, pacman and others write it. The release is after the last dash. */
export function splitVersion(text: string): Version {
  const found = /^(?:(\d{1,9}):)?(.*?)(?:-([^-]*))?$/s.exec(text);
  return {
    epoch: found?.[1] === undefined ? null : Number(found[1]),
    version: found?.[2] ?? text,
    release: found?.[3] ?? null,
  };
}
