/** The placeholders of remedies: `{bucket}`, `{permission}` … */

/** Each placeholder of a remedy, and what is shown if its value is not known. */
export const FALLBACKS = {
  /** The RAM actions that were denied, and a RAM policy that allows them. */
  permission: '{permission}',
  policy: '{policy}',
  region: 'REGION',
  /** The name of an account in the configuration, and the role that is assumed in it. */
  account: 'NAME',
  accountRole: 'that the worker assumes',
  bucket: 'BUCKET',
  object: 'oss://BUCKET/KEY',
  imageName: 'IMAGE_NAME',
  imageId: 'IMAGE_ID',
  importId: 'IMPORT_ID',
  /** The field of the disk in the request. */
  disk: 'disks[N]',
  /** The image as an argument of a command, and the name of a converted copy. */
  source: 'SOURCE',
  target: 'TARGET.qcow2',
  url: 'URL',
  role: 'AliyunECSImageImportDefaultRole',
  rolePolicy: 'AliyunECSImageImportRolePolicy',
  cloudBox: 'CLOUDBOX_ID',
} as const;

export type Placeholder = keyof typeof FALLBACKS;
export type RemedyValues = Readonly<Partial<Record<Placeholder, string>>>;
