/**
 * The configuration file of the command line: profiles with the settings that a person would repeat in every command.
 * ECS_IMPORT_CONFIG, else `ecs-image-import/config.yaml` in XDG_CONFIG_HOME or ~/.config.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Document, parseDocument } from 'yaml';
import { z } from 'zod';
import { homeFolder, substituteHome } from '../config/home.js';
import { nearest } from '../domain/request/nearest.js';
import { errorCode } from '../local/supervisor/stack-error.js';
import { CommandError, EXIT } from './exit.js';
import { fileProblem } from './file-problem.js';
import { clean } from './format.js';

/** A setting of a profile, and what it is for. */
export const PROFILE_SETTINGS = {
  api: 'URL of the API',
  key: 'API key; sent to the address in `api` only',
  region: 'region of imports',
  bucket: 'bucket of imports',
  account: 'configured account of imports',
  tags: 'tags of every import; one tag is tags.NAME',
} as const;

const profileSchema = z.strictObject({
  api: z.url({ protocol: /^https?$/, error: 'must be a URL such as https://images.example.com' }).exactOptional(),
  key: z.string().min(1).exactOptional(),
  region: z.string().min(1).exactOptional(),
  bucket: z.string().min(1).exactOptional(),
  account: z.string().min(1).exactOptional(),
  tags: z.record(z.string(), z.string()).exactOptional(),
});
const fileSchema = z.strictObject({
  profile: z.string().min(1).exactOptional(),
  profiles: z.record(z.string().regex(/^[\w.-]{1,64}$/), profileSchema).default({}),
});

export type Profile = z.output<typeof profileSchema>;

export interface ConfigFile {
  readonly path: string;
  /** The name in `profile`; `default` if there is none. */
  readonly selected: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** A profile and its name; an empty one if the file has none. */
export interface ActiveProfile {
  readonly name: string;
  readonly settings: Profile;
}

const DEFAULT_PROFILE = 'default';
const MAX_BYTES = 1_000_000;

export function configPath(env: NodeJS.ProcessEnv): string {
  if (env.ECS_IMPORT_CONFIG) return path.resolve(env.ECS_IMPORT_CONFIG);
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || (homeFolder() ?? substituteHome()), '.config');
  return path.join(base, 'ecs-image-import', 'config.yaml');
}

/** Throws `CommandError` that names the file and the field. */
export function readConfig(env: NodeJS.ProcessEnv): ConfigFile {
  const file = configPath(env);
  const { text, isPrivate } = contentOf(file);
  const parsed = fileSchema.safeParse(documentIn(file, text).toJS() ?? {});
  if (!parsed.success) throw invalid(file, parsed.error.issues);
  const { profile = DEFAULT_PROFILE, profiles } = parsed.data;
  if (!isPrivate && Object.values(profiles).some(({ key }) => key !== undefined)) {
    throw new CommandError(EXIT.usage, [
      clean(`the configuration file ${file} has an API key, and other users can read it. Run: chmod 600 ${file}`),
    ]);
  }
  return { path: file, selected: profile, profiles };
}

/** @param given `--profile`. Throws `CommandError` if a named profile does not exist. */
export function activeProfile(given: string | undefined, env: NodeJS.ProcessEnv): ActiveProfile {
  const named = given ?? (env.ECS_IMPORT_PROFILE || undefined);
  const { path: file, selected, profiles } = readConfig(env);
  const name = named ?? selected;
  const settings = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (settings !== undefined) return { name, settings };
  if (named === undefined && name === DEFAULT_PROFILE) return { name, settings: {} };
  const origin = given !== undefined ? '--profile' : named !== undefined ? 'ECS_IMPORT_PROFILE' : `profile in ${file}`;
  const near = nearest(name, Object.keys(profiles));
  const hint =
    near !== null
      ? `did you mean ${near}?`
      : `create it: ecs-image-import config set region cn-hangzhou --profile ${name}`;
  throw new CommandError(EXIT.usage, [clean(`${origin}: the profile ${name} does not exist in ${file}; ${hint}`)]);
}

/** Writes one setting of a profile; undefined removes it. Comments and other settings stay. */
export function changeProfile(env: NodeJS.ProcessEnv, profile: string, setting: string, value: unknown): string {
  return changeFile(env, ['profiles', profile, ...setting.split(/\.(.*)/s, 2)], value);
}

export function selectProfile(env: NodeJS.ProcessEnv, name: string): string {
  return changeFile(env, ['profile'], name);
}

/** Returns the path of the file. */
function changeFile(env: NodeJS.ProcessEnv, at: readonly string[], value: unknown): string {
  const file = configPath(env);
  const { text } = contentOf(file);
  const document = text.trim() === '' ? new Document({}) : documentIn(file, text);
  if (value === undefined) document.deleteIn(at);
  else document.setIn(at, value);
  const checked = fileSchema.safeParse(document.toJS());
  if (!checked.success) throw invalid(file, checked.error.issues);
  const draft = `${file}.${process.pid}.draft`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, document.toString(), { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CommandError(EXIT.failed, [clean(`can't write ${file}: ${fileProblem(error)}`)]);
  }
  return file;
}

/** Empty if there is no file. */
function contentOf(file: string): { readonly text: string; readonly isPrivate: boolean } {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const { mode, size } = fstatSync(descriptor);
      if (size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
      return { text: readFileSync(descriptor, 'utf8'), isPrivate: (mode & 0o077) === 0 };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return { text: '', isPrivate: true };
    throw new CommandError(EXIT.usage, [clean(`can't use the configuration file ${file}: ${fileProblem(error)}`)]);
  }
}

function documentIn(file: string, text: string): Document {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem === undefined) return document;
  const message = problem.message.split('\n')[0] ?? '';
  throw new CommandError(EXIT.usage, [clean(`the configuration file ${file} is not YAML: ${message}`)]);
}

function invalid(file: string, issues: readonly z.core.$ZodIssue[]): CommandError {
  const lines = issues.map((issue) => {
    const at = issue.path.map(String).join('.');
    if (issue.code !== 'unrecognized_keys') return `${at || 'the file'}: ${issue.message}`;
    const known = at === '' ? ['profile', 'profiles'] : Object.keys(PROFILE_SETTINGS);
    return `${[at, issue.keys[0]].filter((part) => part).join('.')} is not a setting. Settings are ${known.join(', ')}`;
  });
  return new CommandError(
    EXIT.usage,
    lines.map((line) => clean(`configuration file ${file}: ${line}`)),
  );
}
