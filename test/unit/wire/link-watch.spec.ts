import { describe, expect, it } from 'vitest';
import { LinkWatch, type LinkState } from '../../../lib/wire/index.js';

const QUIET: LinkState = { received: 5, taken: 1000, waiting: 0 };

/** A watch of a link that is looked at in these states, and what each look says. */
function looks(...states: LinkState[]): boolean[] {
  let current = 0;
  const watch = new LinkWatch(() => states[current]!);
  return states.slice(1).map(() => {
    current += 1;
    return watch.isDead();
  });
}

/** The same state again and again, but for what differs from one to the next. */
function series(count: number, stateAt: (look: number) => Partial<LinkState>): LinkState[] {
  return Array.from({ length: count }, (_, look) => ({ ...QUIET, ...stateAt(look) }));
}

describe('a link', () => {
  it('is dead where nothing comes, and nothing has to be taken', () => {
    expect(looks(QUIET, QUIET)).toEqual([true]);
  });

  it('lives where something comes', () => {
    expect(looks(QUIET, { ...QUIET, received: 6 })).toEqual([false]);
  });

  it('lives where bytes that waited for it are taken', () => {
    const waiting = { ...QUIET, waiting: 4096 };
    expect(looks(waiting, { ...waiting, taken: 1001 })).toEqual([false]);
  });

  it('is dead where bytes wait and none is taken', () => {
    const waiting = { ...QUIET, waiting: 4096 };
    expect(looks(waiting, waiting)).toEqual([true]);
  });

  it('is not alive because a buffer has taken what nothing waited for', () => {
    expect(looks(QUIET, { ...QUIET, taken: 9000 })).toEqual([true]);
  });

  it('is dead in the end where something comes, but nothing is taken', () => {
    const dead = looks(...series(16, (look) => ({ received: look, waiting: 4096 })));
    expect(dead.indexOf(true)).toBe(14);
  });

  it('is dead in the end where other things come, but what has begun is not completed', () => {
    const dead = looks(...series(16, (look) => ({ received: look, unfinished: 7 })));
    expect(dead.indexOf(true)).toBe(14);
  });

  it('lives while each thing that has begun is completed, and the next one begins', () => {
    const dead = looks(...series(40, (look) => ({ received: look, unfinished: look + 1 })));
    expect(dead).not.toContain(true);
  });
});
