import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript of the CI, without types
import * as commits from '../../.ci/commits.mjs';

interface Commit {
  subject: string;
  body: string;
  parents: string[];
}

const { problemsOf } = commits as { problemsOf: (commit: Commit) => string[] };
const good: Commit = { subject: 'yamux: a stream ends', body: 'It did not.', parents: ['a'] };

describe('the rules of commits', () => {
  it.each([
    'yamux: a stream ends',
    'grpc/built-in, http2: one state',
    'ci: minutes of each step',
    'yamux-js: a slow peer gets its output',
  ])('allow "%s"', (subject) => {
    expect(problemsOf({ ...good, subject })).toEqual([]);
  });

  it.each([
    ['a merge', { parents: ['a', 'b'] }, 'is a merge'],
    ['a subject without scope', { subject: 'streams end' }, 'scope: what changes'],
    ['a scope without subject', { subject: 'yamux:' }, 'scope: what changes'],
    ['a long subject', { subject: `yamux: ${'x'.repeat(66)}` }, 'more than 72'],
    ['unfinished work', { subject: 'yamux: WIP' }, 'unfinished'],
    ['a commit that does not say why', { body: '\n' }, 'says why'],
  ])('refuse %s', (_what, part, problem) => {
    expect(problemsOf({ ...good, ...part })).toEqual([expect.stringContaining(problem)]);
  });
});
