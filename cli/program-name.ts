/** How a reader starts this program: `npm run demo` runs it in the folder of the package, and puts nothing on PATH. */
export function programName(env: NodeJS.ProcessEnv): string {
  return env.npm_lifecycle_event === 'demo' ? 'node dist/cli/main.js' : 'ecs-image-import';
}
