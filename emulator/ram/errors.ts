/** RAM errors for missing, duplicate and invalid entities. */
import { ApiError } from '../errors.js';
import { type ApiCall, given } from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';

export function notFound(
  kind: 'Role' | 'Policy' | 'User' | 'User.AccessKey' | 'Role.Policy' | 'User.Policy',
  name: string,
): ApiError {
  const what = { Role: 'role', Policy: 'policy', User: 'user', 'User.AccessKey': 'access key' };
  const word = kind === 'Role.Policy' || kind === 'User.Policy' ? 'policy attachment' : what[kind];
  return new ApiError(404, `EntityNotExist.${kind}`, `The ${word} does not exist: ${name}.`);
}

export function alreadyExists(
  kind: 'Role' | 'Policy' | 'User' | 'Role.Policy' | 'User.Policy',
  name: string,
): ApiError {
  return new ApiError(409, `EntityAlreadyExists.${kind}`, `The ${kind.toLowerCase()} already exists: ${name}.`);
}

export function malformedPolicy(): ApiError {
  return new ApiError(400, 'MalformedPolicyDocument', 'The policy document is malformed.');
}

export function invalidParameter(name: string, rule: string): ApiError {
  return new ApiError(400, `InvalidParameter.${name}.InvalidChars`, `The parameter ${name} is invalid: ${rule}.`);
}

export function required(call: ApiCall, name: string): string {
  const value = given(call, name);
  if (value === undefined) throw missingParameter(name);
  return value;
}
