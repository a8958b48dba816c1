/** Credentials for calls to the emulator. */

/** The emulator's default access key. */
export const EMULATOR_ACCOUNT = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' } as const;

const EMULATOR_KEYS = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: EMULATOR_ACCOUNT.accessKeyId,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: EMULATOR_ACCOUNT.accessKeySecret,
} as const;

/** Replaces all credentials and endpoints: those of a real account must not be used with the emulator. */
export function withEmulatorKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('ALIBABA_CLOUD_'));
  return { ...Object.fromEntries(others), ...EMULATOR_KEYS };
}

/** Keeps an access key that is set, so that a user can test other keys with the emulator. */
export function withDefaultEmulatorKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env.ALIBABA_CLOUD_ACCESS_KEY_ID === undefined ? withEmulatorKeys(env) : env;
}
