/**
 * One account of the emulated cloud: its records. The first account also has the settings, faults and journal of all, and
 * knows the others: one instance of it per process or test.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ImageIndex } from './ecs/image-index.js';
import { failImportsOf } from './ecs/running-imports.js';
import { keepSnapshotsOf } from './ecs/snapshots-of-images.js';
import { TaskIndex } from './ecs/task-index.js';
import { Faults } from './faults.js';
import { lockFolder } from './folder-lock.js';
import { Journal } from './journal.js';
import { type Collection, Log } from './log.js';
import type {
  AccessKeyRecord,
  AttachmentRecord,
  BucketRecord,
  ImageRecord,
  ObjectRecord,
  PartRecord,
  PolicyRecord,
  RoleRecord,
  Segment,
  SessionRecord,
  SnapshotRecord,
  TaskRecord,
  TokenRecord,
  UploadRecord,
  UserRecord,
  VersionRecord,
} from './model.js';
import { Nonces } from './nonces.js';
import { BlobUse } from './oss/blob-use.js';
import { Blobs } from './oss/blobs.js';
import { ObjectIndex } from './oss/object-index.js';
import { RateMeter } from './rate-meter.js';
import { changeSettings, defaultSettings, type Settings } from './settings.js';

export const ACCOUNT_ID = '1000000000000001';

/** An account besides the first one. */
export interface AccountOptions {
  /** Digits, as in ARNs. */
  readonly id: string;
  /** In addition to `emulator-ID` / `emulator-secret`. */
  readonly accessKeys?: readonly { readonly id: string; readonly secret: string }[];
  readonly buckets?: readonly { readonly name: string; readonly region: string }[];
}

export interface WorldOptions {
  /** The data folder, used by this instance only. Default: a temporary folder, removed by `close()`. */
  readonly data?: string;
  /** Access keys of the account, in addition to `emulator` / `emulator-secret`. */
  readonly accessKeys?: readonly { readonly id: string; readonly secret: string }[];
  readonly buckets?: readonly { readonly name: string; readonly region: string; readonly isVersioned?: boolean }[];
  readonly settings?: Partial<Settings>;
  /** Accounts besides the first one. */
  readonly accounts?: readonly AccountOptions[];
}

export class World {
  readonly accountId: string;
  readonly journal: Journal;
  readonly faults: Faults;
  /** Each account has rate limits of its own. */
  readonly rates = new RateMeter();
  readonly nonces: Nonces;
  /** The ClientTokens of calls in progress, with the fingerprint of each call's parameters. */
  readonly runningTokens = new Map<string, string>();
  readonly images: Collection<ImageRecord>;
  readonly snapshots: Collection<SnapshotRecord>;
  readonly tasks: Collection<TaskRecord>;
  readonly roles: Collection<RoleRecord>;
  readonly policies: Collection<PolicyRecord>;
  readonly attachments: Collection<AttachmentRecord>;
  readonly users: Collection<UserRecord>;
  readonly accessKeys: Collection<AccessKeyRecord>;
  readonly sessions: Collection<SessionRecord>;
  readonly buckets: Collection<BucketRecord>;
  readonly objects: Collection<ObjectRecord>;
  readonly versions: Collection<VersionRecord>;
  readonly uploads: Collection<UploadRecord>;
  readonly parts: Collection<PartRecord>;
  readonly tokens: Collection<TokenRecord>;
  readonly imageIndex: ImageIndex;
  readonly taskIndex: TaskIndex;
  readonly objectIndex: ObjectIndex;
  readonly blobs: Blobs;
  private readonly blobUse: BlobUse;
  private readonly log: Log;
  private readonly settingsRecord: Collection<Settings>;
  /** The data folder. */
  readonly folder: string;
  private readonly temporary: boolean;
  private readonly unlockFolder: () => void;

  /** Of the first account: the others. */
  private readonly others: World[] = [];

  constructor(
    private readonly options: WorldOptions,
    private readonly first: World | null = null,
    id = ACCOUNT_ID,
  ) {
    this.accountId = id;
    this.journal = first?.journal ?? new Journal();
    this.faults = first?.faults ?? new Faults();
    this.nonces = first?.nonces ?? new Nonces();
    this.temporary = options.data === undefined;
    this.folder = options.data ?? mkdtempSync(path.join(os.tmpdir(), 'ecs-image-import-emulator-'));
    mkdirSync(this.folder, { recursive: true });
    this.unlockFolder = lockFolder(this.folder);
    this.log = new Log(this.folder);
    this.images = this.log.collection('image');
    this.snapshots = this.log.collection('snapshot');
    this.tasks = this.log.collection('task');
    this.roles = this.log.collection('role');
    this.policies = this.log.collection('policy');
    this.attachments = this.log.collection('attachment');
    this.users = this.log.collection('user');
    this.accessKeys = this.log.collection('accessKey');
    this.sessions = this.log.collection('session');
    this.buckets = this.log.collection('bucket');
    this.objects = this.log.collection('object');
    this.versions = this.log.collection('version');
    this.uploads = this.log.collection('upload');
    this.parts = this.log.collection('part');
    this.tokens = this.log.collection('token');
    this.settingsRecord = this.log.collection('settings');
    this.imageIndex = new ImageIndex(this.images);
    this.taskIndex = new TaskIndex(this.tasks);
    this.objectIndex = new ObjectIndex(this.parts, this.uploads);
    this.blobUse = new BlobUse(this.objects, this.versions, this.parts);
    this.log.replay();
    this.objects.watch((before, after) => failImportsOf(this, before, after));
    this.images.watch((before, after) => keepSnapshotsOf(this, before, after));
    this.blobs = new Blobs(path.join(this.folder, 'blobs'));
    this.blobs.removeUnknown(this.blobUse.files());
    this.seed();
    if (first === null) this.openAccounts();
  }

  /** All accounts, the first one first. */
  get accounts(): readonly World[] {
    return this.first === null ? [this, ...this.others] : this.first.accounts;
  }

  /** Undefined if there is no such account. */
  ofAccount(id: string): World | undefined {
    return this.accounts.find(({ accountId }) => accountId === id);
  }

  /** The account that the access key or the session belongs to; the first one if the key is unknown. */
  ofKey(accessKeyId: string): World {
    const [first = this] = this.accounts;
    return this.accounts.find((one) => one.sessions.has(accessKeyId) || one.accessKeys.has(accessKeyId)) ?? first;
  }

  /** The names of buckets are unique among all accounts. */
  ofBucket(name: string): World | undefined {
    return this.accounts.find(({ buckets }) => buckets.has(name));
  }

  /** Adds an account; returns the one that exists already. Throws an error of one line if the ID is wrong. */
  addAccount({ id, ...options }: AccountOptions): World {
    if (this.first !== null) return this.first.addAccount({ id, ...options });
    if (!/^\d{5,20}$/.test(id)) throw new Error(`the ID of an account must be 5 to 20 digits, not "${id}"`);
    const known = this.ofAccount(id);
    if (known !== undefined) return known;
    const account = new World({ ...options, data: path.join(this.folder, 'accounts', id) }, this, id);
    this.others.push(account);
    return account;
  }

  private openAccounts(): void {
    for (const account of this.options.accounts ?? []) this.addAccount(account);
    const folder = path.join(this.folder, 'accounts');
    for (const id of existsSync(folder) ? readdirSync(folder) : []) this.addAccount({ id });
  }

  get settings(): Settings {
    if (this.first !== null) return this.first.settings;
    return this.settingsRecord.get('all') ?? { ...defaultSettings, ...this.options.settings };
  }

  changeSettings(change: unknown): Settings {
    if (this.first !== null) return this.first.changeSettings(change);
    const next = changeSettings(this.settings, change);
    this.settingsRecord.put('all', next);
    return next;
  }

  now(): number {
    return Date.now();
  }

  flush(): void {
    this.log.flush();
    for (const account of this.others) account.flush();
  }

  /**
   * Deletes the files that no object and no part references. It flushes the records first: a process killed in between
   * leaves files without a record, never a record without its files.
   */
  async dropSegments(segments: readonly Pick<Segment, 'file'>[]): Promise<void> {
    this.flush();
    await this.blobs.remove(segments.filter(({ file }) => !this.blobUse.isUsed(file)));
  }

  /** Restores the state of the first start, including settings and faults. */
  reset(): void {
    for (const collection of this.log.all()) {
      for (const id of [...collection.ids()]) collection.remove(id);
    }
    this.faults.clear();
    this.journal.clear();
    this.rates.clear();
    this.flush();
    this.blobs.clear();
    this.seed();
    for (const account of this.others) account.reset();
    this.flush();
  }

  close(): void {
    for (const account of this.others) account.close();
    this.log.close();
    this.unlockFolder();
    if (this.temporary) rmSync(this.folder, { recursive: true, force: true });
  }

  private seed(): void {
    const own = { id: this.first === null ? 'emulator' : `emulator-${this.accountId}`, secret: 'emulator-secret' };
    const keys = [own, ...(this.options.accessKeys ?? [])];
    for (const { id, secret } of keys) {
      this.accessKeys.put(id, { accessKeyId: id, secret, userName: null, status: 'Active', createdAt: this.now() });
    }
    for (const { name, region, isVersioned } of this.options.buckets ?? []) {
      if (this.buckets.has(name)) continue;
      const bucket = { name, regionId: region, storageClass: 'Standard', acl: 'private', encryption: null };
      const versioning = isVersioned ? ({ versioning: 'Enabled' } as const) : {};
      this.buckets.put(name, { ...bucket, ...versioning, createdAt: this.now() });
    }
  }
}

export function newRequestId(): string {
  return randomUUID().toUpperCase();
}

/** Generates an id in the vendor's format: the prefix, then 20 characters of a–z and 0–9. */
export function newId(prefix: string): string {
  let text = '';
  for (const byte of randomBytes(20)) text += (byte % 36).toString(36);
  return `${prefix}${text}`;
}
