/** The environment that signs calls to the emulator. */

/** Keys that the emulator knows unless told otherwise. */
export const EMULATOR_ACCOUNT = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' } as const;

const EMULATOR_KEYS = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: EMULATOR_ACCOUNT.accessKeyId,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: EMULATOR_ACCOUNT.accessKeySecret,
} as const;

/** Replaces every credential: a real account's must not be tried on the emulator, nor lead away from it. */
export function withEmulatorKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('ALIBABA_CLOUD_'));
  return { ...Object.fromEntries(others), ...EMULATOR_KEYS };
}

/** Keeps an access key that is set, so that one made for the emulator, or a wrong one, can be tried. */
export function withKeysForEmulator(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env.ALIBABA_CLOUD_ACCESS_KEY_ID === undefined ? withEmulatorKeys(env) : env;
}
