/**
 * Writes docs/images/cli.svg: a failed import, its reason and a retry, as a terminal shows them. Runs the built commands against an
 * emulator. Needs `script` of util-linux, which gives the commands a terminal.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = path.resolve(import.meta.dirname, '..');
const MAIN = path.join(ROOT, 'dist/cli/main.js');
const ESCAPE = '\u001b';
const COLUMNS = 92;
const SCENE = ['import web-01.qcow2 --name web-01 --bucket imges', 'list', 'retry web-01 --set upload.bucket=images'];

const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-picture-'));
const env = {
  ...process.env,
  ...{ XDG_CONFIG_HOME: folder, ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou', NO_COLOR: '', TERM: 'xterm-256color' },
};
const [demoImage = ''] = readdirSync(path.join(ROOT, 'assets')).filter((name) => name.endsWith('.qcow2'));
copyFileSync(path.join(ROOT, 'assets', demoImage), path.join(folder, 'web-01.qcow2'));

const up = spawn(
  process.execPath,
  [MAIN, 'up', '--emulator', '--bucket', 'images@cn-hangzhou', '--data', path.join(folder, 'data')],
  { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  let api = '';
  for await (const line of createInterface({ input: up.stdout })) {
    if (line.startsWith('ready ')) api = line.slice('ready '.length);
    if (api !== '') break;
  }
  const scene = SCENE.flatMap((command) => [`$ ecs-image-import ${command}`, ...screenOf(command, api), '']);
  mkdirSync(path.join(ROOT, 'docs/images'), { recursive: true });
  writeFileSync(path.join(ROOT, 'docs/images/cli.svg'), svg(scene.slice(0, -1)));
} finally {
  up.kill('SIGINT');
  await once(up, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

/** The lines that remain on the terminal. */
function screenOf(command: string, api: string): readonly string[] {
  const shell = `stty cols ${COLUMNS}; ECS_IMPORT_API=${api} ${process.execPath} ${MAIN} ${command}; true`;
  const text = execFileSync('script', ['-qec', shell, '/dev/null'], {
    ...{ cwd: folder, encoding: 'utf8' },
    env: { ...env, ECS_IMPORT_API_TOKEN: readToken() },
  });
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  // A rewritten line: what follows the last clearing stays.
  return lines.map((line) => line.split('\u001b[2K').at(-1)?.replaceAll('\r', '') ?? '');
}

function readToken(): string {
  return execFileSync('cat', [path.join(folder, 'data', 'api-token')], { encoding: 'utf8' }).trim();
}

function svg(lines: readonly string[]): string {
  const [lineHeight, charWidth, margin] = [19, 7.83, 16];
  const rows = lines.flatMap((line) => wrapped(line));
  const [width, height] = [Math.ceil(COLUMNS * charWidth) + 2 * margin, rows.length * lineHeight + 2 * margin];
  const texts = rows.map((row, index) => {
    const y = margin + (index + 0.75) * lineHeight;
    return `<text x="${margin}" y="${y}" xml:space="preserve">${spans(row)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6e6e6}</style>
<rect width="100%" height="100%" rx="8" fill="#16181d"/>
${texts.join('\n')}
</svg>
`;
}

/** As the terminal wraps a long line; escape sequences have no width. */
function wrapped(line: string): readonly string[] {
  const rows: string[] = [''];
  let used = 0;
  for (const part of line.split(new RegExp(`(${ESCAPE}\\[\\d+m)`))) {
    if (part.startsWith(ESCAPE)) rows[rows.length - 1] += part;
    else {
      for (const character of part) {
        if (used === COLUMNS) {
          rows.push('');
          used = 0;
        }
        rows[rows.length - 1] += character;
        used += 1;
      }
    }
  }
  return rows;
}

function spans(row: string): string {
  const colors: Readonly<Record<string, string>> = {
    ...{ 31: 'fill="#ff7b72"', 32: 'fill="#7ee787"', 33: 'fill="#e3b341"', 36: 'fill="#79c0ff"' },
    ...{ 1: 'font-weight="700"', 2: 'fill="#8b949e"' },
  };
  let style = row.startsWith('$ ') ? 'fill="#79c0ff"' : '';
  return row
    .split(new RegExp(`${ESCAPE}\\[(\\d+)m`))
    .map((part, index) => {
      if (index % 2 === 1) {
        style = colors[part] ?? '';
        return '';
      }
      const text = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      return style === '' ? text : `<tspan ${style}>${text}</tspan>`;
    })
    .join('');
}
