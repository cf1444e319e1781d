import { describe, expect, it } from 'vitest';
import { directions, startPair } from '../../fixtures/nest/pair.js';
import { methodNames, stubsOf } from '../../fixtures/nest/ways-to-stubs.js';

describe.each(directions)('stubs of the %s direction', (direction) => {
  it('take no stack of their caller', async () => {
    for (const stub of stubsOf(await startPair(), direction)) {
      for (const method of methodNames) {
        const { stack } = await stub.fail(method);
        expect([stub.way, method, stack]).toEqual([
          stub.way,
          method,
          expect.not.stringContaining('ways-to-stubs'),
        ]);
      }
    }
  });

  it('go through methods that somebody wraps after the stub was made', async () => {
    for (const stub of stubsOf(await startPair(), direction)) {
      for (const method of methodNames) {
        let calls = 0;
        await stub.fail(method);
        const undo = stub.wrap(method, () => (calls += 1));
        try {
          await stub.fail(method);
        } finally {
          undo();
        }
        await stub.fail(method);
        expect([stub.way, method, calls]).toEqual([stub.way, method, 1]);
      }
    }
  });

  it('go through methods that somebody has wrapped before the stub was made', async () => {
    for (const method of methodNames) {
      const pair = await startPair();
      for (const { way, wrap } of stubsOf(pair, direction)) {
        let calls = 0;
        const undo = wrap(method, () => (calls += 1));
        try {
          await stubsOf(pair, direction)
            .find((stub) => stub.way === way)!
            .fail(method);
        } finally {
          undo();
        }
        expect([way, method, calls]).toEqual([way, method, 1]);
      }
    }
  });
});
