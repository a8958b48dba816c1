/** RAM users and their access keys. */
import { randomBytes } from 'node:crypto';
import { ApiError } from '../errors.js';
import type { UserRecord } from '../model.js';
import { type ApiAction, type ApiCall, given, isoTime } from '../rpc-call.js';
import { attachmentsOf } from './attachments.js';
import { alreadyExists, invalidParameter, notFound, required } from './errors.js';
import { numericId } from './ids.js';
import { ramPage } from './pages.js';

const userArn = (call: ApiCall) => `acs:ram:*:${call.world.accountId}:user/${call.params.UserName ?? '*'}`;

export const userActions: Readonly<Record<string, ApiAction>> = {
  CreateUser: { run: createUser, resource: userArn },
  GetUser: { run: (call) => ({ User: { ...describeInFull(findUser(call)), LastLoginDate: '' } }), resource: userArn },
  DeleteUser: { run: deleteUser, resource: userArn },
  ListUsers: { run: listUsers },
  CreateAccessKey: { run: createAccessKey, resource: userArn },
  UpdateAccessKey: { run: updateAccessKey, resource: userArn },
  DeleteAccessKey: { run: deleteAccessKey, resource: userArn },
  ListAccessKeys: { run: listAccessKeys, resource: userArn },
};

function createUser(call: ApiCall) {
  const userName = required(call, 'UserName');
  if (!/^[\w.@-]{1,64}$/.test(userName)) throw invalidParameter('UserName', '1 to 64 letters, digits, and ._-');
  if (call.world.users.has(userName)) throw alreadyExists('User', userName);
  const user: UserRecord = {
    userName,
    userId: numericId('2'),
    displayName: given(call, 'DisplayName') ?? userName,
    comments: given(call, 'Comments') ?? '',
    createdAt: call.now,
  };
  call.world.users.put(userName, user);
  return { User: describe(user) };
}

function deleteUser(call: ApiCall) {
  const { userName } = findUser(call);
  if (attachmentsOf(call.world, `user/${userName}`).length > 0) {
    throw new ApiError(409, 'DeleteConflict.User.Policy', 'The user can not have any policy attached when delete.');
  }
  if (keysOf(call, userName).length > 0) {
    throw new ApiError(409, 'DeleteConflict.User.AccessKey', 'The user can not have any access key when delete.');
  }
  call.world.users.remove(userName);
  return {};
}

function listUsers(call: ApiCall) {
  const page = ramPage(call, [...call.world.users.values()]);
  return { ...page.fields, Users: { User: page.items.map(describeInFull) } };
}

function createAccessKey(call: ApiCall) {
  const { userName } = findUser(call);
  if (keysOf(call, userName).length >= 2) {
    throw new ApiError(409, 'LimitExceeded.User.AccessKey', 'The count of access keys beyond the current limits.');
  }
  const accessKeyId = `LTAI5t${randomBytes(9).toString('hex')}`;
  const secret = randomBytes(15).toString('hex');
  call.world.accessKeys.put(accessKeyId, { accessKeyId, secret, userName, status: 'Active', createdAt: call.now });
  return {
    AccessKey: {
      AccessKeyId: accessKeyId,
      AccessKeySecret: secret,
      Status: 'Active',
      CreateDate: isoTime(call.now),
    },
  };
}

function updateAccessKey(call: ApiCall) {
  const key = findKey(call);
  const status = required(call, 'Status');
  if (status !== 'Active' && status !== 'Inactive') {
    throw new ApiError(400, 'InvalidParameter.Status', 'The parameter Status must be Active or Inactive.');
  }
  call.world.accessKeys.put(key.accessKeyId, { ...key, status });
  return {};
}

function deleteAccessKey(call: ApiCall) {
  call.world.accessKeys.remove(findKey(call).accessKeyId);
  return {};
}

function listAccessKeys(call: ApiCall) {
  const keys = keysOf(call, findUser(call).userName).map((key) => ({
    AccessKeyId: key.accessKeyId,
    Status: key.status,
    CreateDate: isoTime(key.createdAt),
  }));
  return { AccessKeys: { AccessKey: keys } };
}

function findUser(call: ApiCall): UserRecord {
  const userName = required(call, 'UserName');
  const user = call.world.users.get(userName);
  if (user === undefined) throw notFound('User', userName);
  return user;
}

function findKey(call: ApiCall) {
  const { userName } = findUser(call);
  const id = required(call, 'UserAccessKeyId');
  const key = call.world.accessKeys.get(id);
  if (key === undefined || key.userName !== userName) throw notFound('User.AccessKey', id);
  return key;
}

function keysOf(call: ApiCall, userName: string) {
  return [...call.world.accessKeys.values()].filter((key) => key.userName === userName);
}

function describe(user: UserRecord) {
  return {
    UserId: user.userId,
    UserName: user.userName,
    DisplayName: user.displayName,
    Comments: user.comments,
    Email: '',
    MobilePhone: '',
    CreateDate: isoTime(user.createdAt),
  };
}

/** Without UpdateUser, a user never changes. */
function describeInFull(user: UserRecord) {
  return { ...describe(user), UpdateDate: isoTime(user.createdAt) };
}
