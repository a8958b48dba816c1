/** Who may use the API: the variables of its access control. */
import { z } from 'zod';
import { flag } from './environment.js';

export interface ApiAccess {
  /** An admin key; null: none is set. */
  readonly token: string | null;
  /** File with the admin key of the local user; null: none. */
  readonly tokenFile: string | null;
  /** Every request is accepted, and its sender is an admin. */
  readonly isOpen: boolean;
}

export const accessVariables = {
  ECS_IMPORT_API_TOKEN: z.string().min(1).optional(),
  ECS_IMPORT_API_TOKEN_FILE: z.string().min(1).optional(),
  ECS_IMPORT_INSECURE_NO_AUTH: flag,
};

export function apiAccess(read: z.infer<z.ZodObject<typeof accessVariables>>): ApiAccess {
  return {
    token: read.ECS_IMPORT_API_TOKEN ?? null,
    tokenFile: read.ECS_IMPORT_API_TOKEN_FILE ?? null,
    isOpen: read.ECS_IMPORT_INSECURE_NO_AUTH,
  };
}

/** Whether only this machine can reach an address to listen on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
