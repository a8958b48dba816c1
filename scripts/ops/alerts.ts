/** Checks the alert rules and their tests with promtool. */
import path from 'node:path';
import type { OpsCheck } from './check.js';
import { goTool, run } from './tools.js';

const PROMTOOL = 'github.com/prometheus/prometheus/cmd/promtool@v0.316.0';
const folder = path.resolve(import.meta.dirname, '../../integrations/prometheus');

export const ALERT_CHECKS: readonly OpsCheck[] = [
  {
    name: 'promtool rules',
    run: async () => {
      run(goTool('promtool', PROMTOOL), ['check', 'rules', path.join(folder, 'alerts.yaml')]);
    },
  },
  {
    name: 'promtool tests of rules',
    run: async () => {
      run(goTool('promtool', PROMTOOL), ['test', 'rules', path.join(folder, 'alerts.test.yaml')]);
    },
  },
];
