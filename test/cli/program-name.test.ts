import { expect, test } from 'vitest';
import { programName } from '../../cli/program-name.js';

test('commands for the reader of npm run demo → can be run in the folder of the package', () => {
  expect(programName({ npm_lifecycle_event: 'demo' })).toBe('node dist/cli/main.js');
});

test('commands for the reader of an installed program → name it', () => {
  expect(programName({})).toBe('ecs-image-import');
  expect(programName({ npm_lifecycle_event: 'npx' })).toBe('ecs-image-import');
});
