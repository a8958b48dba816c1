/** The RAM action that a call needs; OSS names its permissions differently from its calls. */

const OSS_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  HeadObject: ['oss:GetObject'],
  GetObjectMeta: ['oss:GetObject'],
  InitiateMultipartUpload: ['oss:PutObject'],
  UploadPart: ['oss:PutObject'],
  CompleteMultipartUpload: ['oss:PutObject'],
  UploadFile: ['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload'],
  ListObjectsV2: ['oss:ListObjects'],
  ListUploads: ['oss:ListMultipartUploads'],
  ListMultipartUploads: ['oss:ListMultipartUploads'],
  AbortUpload: ['oss:AbortMultipartUpload'],
};

export function permissionsFor(service: string, action: string): readonly string[] {
  if (service === 'oss') return OSS_PERMISSIONS[action] ?? [`oss:${action}`];
  return [`${service}:${action}`];
}

/** The RAM policy that allows a call, as the JSON that the console and `aliyun ram CreatePolicy` take. */
export function policyFor(service: string, action: string): string {
  const Statement = [{ Effect: 'Allow', Action: permissionsFor(service, action), Resource: '*' }];
  return JSON.stringify({ Version: '1', Statement });
}
