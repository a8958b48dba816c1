/** Patterns and roots of a scope match what they name, however a source is spelled. */
import { expect, test } from 'vitest';
import { isBelowRoot, isRoot, matchesPattern } from '../../../domain/access/patterns.js';

test.each([
  ['cn-*', 'cn-hangzhou', true],
  ['cn-*', 'ap-cn-1', false],
  ['*', '', true],
  ['team-a-*', 'team-a-', true],
  ['team-a-*', 'team-ab', false],
  ['*-a', 'team-a', true],
  ['team-*-prod', 'team-prod', false],
  ['a*b*c', 'abbc', true],
  ['a*b*c', 'acb', false],
  ['team.a', 'team-a', false],
  ['Team', 'team', false],
  ['aa*aa', 'aaa', false],
])('pattern %s and %s → %s', (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});

test('a pattern of many stars and a long text → decided without backtracking', () => {
  expect(matchesPattern(`${'a*'.repeat(100)}b`, 'a'.repeat(100_000))).toBe(false);
});

test.each([
  ['/images/team-a', 'file:///images/team-a/web.qcow2', true],
  ['/images/team-a/', 'file:///images/team-a/deep/web.qcow2', true],
  ['file:///images/team-a', 'file://localhost/images/team-a/web.qcow2', true],
  ['/images/team a', 'file:///images/team%20a/web.qcow2', true],
  ['file:///images/team%20a', 'file:///images/team%20a/web.qcow2', true],
  ['/images/team-*', 'file:///images/team-b/web.qcow2', true],
  ['/images/team-a', 'file:///images/team-ab/web.qcow2', false],
  ['/images/team-a', 'file:///images/team-a/../team-b/web.qcow2', false],
  ['/images/team-a', 'file:///images/team-a/%2e%2e/team-b/web.qcow2', false],
  ['/images/team-a', 'file:///images/team-a/..%2fteam-b/web.qcow2', false],
  ['/images/team-a', 'file:///images/team-a/%5c..%5cteam-b', false],
  ['/images/team-a', 'file:///images\\team-a\\..\\team-b\\web.qcow2', false],
  ['/images/team-*', 'file:///images/other/team-a/web.qcow2', false],
  ['/images/team-a', 'file://rack-2/images/team-a/web.qcow2', false],
  ['file://rack-*/images', 'file://rack-2/images/web.qcow2', true],
  ['https://mirror.example.com/a', 'https://mirror.example.com/a/web.qcow2?sig=1', true],
  ['https://mirror.example.com/a', 'HTTPS://MIRROR.example.com/a/web.qcow2', true],
  ['https://mirror.example.com/a', 'http://mirror.example.com/a/web.qcow2', false],
  ['https://mirror.example.com/a', 'https://mirror.example.com:8443/a/web.qcow2', false],
  ['https://*.example.com', 'https://evil.test/x.example.com/web.qcow2', false],
  ['https://*.example.com', 'https://evil.test/?.example.com', false],
  ['https://*.example.com', 'https://a.example.com@evil.test/web.qcow2', false],
  ['https://*.example.com', 'https://a.example.com/web.qcow2', true],
  ['oss://team-a-*', 'oss://team-a-1/golden/web.qcow2', true],
  ['oss://team-a/golden', 'oss://team-a/golden/web.qcow2', true],
  ['oss://team-a/golden', 'oss://team-a/other/../golden/web.qcow2', false],
  ['oss://team-a/golden', 'oss://team-a/golden/../other/web.qcow2', false],
  ['oss://team-a', 'oss://team-b/web.qcow2', false],
  ['*', 'oss://team-b/web.qcow2', true],
  ['/', 'file:///images/web.qcow2', true],
  ['/', 'file://rack-2/images/web.qcow2', false],
])('root %s and source %s → %s', (root, source, expected) => {
  expect(isRoot(root)).toBe(true);
  expect(isBelowRoot(root, source)).toBe(expected);
});

test.each(['', 'images', 'file:', 'oss://', 'https://a@b/', '/a/../b', 'file:///a?b', 'https://'])(
  '%s is no root → it allows nothing',
  (root) => {
    expect(isRoot(root)).toBe(false);
    expect(isBelowRoot(root, 'file:///images/web.qcow2')).toBe(false);
  },
);
