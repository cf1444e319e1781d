import { describe, expect, it, vi } from 'vitest';
import { directions, startPair } from '../../fixtures/nest/pair.js';
import { methodNames, stubsOf } from '../../fixtures/nest/ways-to-stubs.js';

vi.hoisted(() => {
  process.env['BACKCHANNEL_CALLER_STACKS'] = 'true';
});

describe('with BACKCHANNEL_CALLER_STACKS=true', () => {
  it.each(directions)(
    'errors of stubs of the %s direction name their caller',
    async (direction) => {
      for (const stub of stubsOf(await startPair(), direction)) {
        for (const method of methodNames) {
          const { stack } = await stub.fail(method);
          expect([stub.way, method, stack]).toEqual([
            stub.way,
            method,
            expect.stringMatching(/\nfor call at\n[^]*ways-to-stubs/),
          ]);
        }
      }
    },
  );
});

describe('BACKCHANNEL_CALLER_STACKS', () => {
  const load = async (value: string): Promise<boolean> => {
    vi.stubEnv('BACKCHANNEL_CALLER_STACKS', value);
    vi.resetModules();
    const module = await import('../../../lib/grpc/takes-caller-stacks.js');
    return module.TAKES_CALLER_STACKS;
  };

  it.each([
    ['true', true],
    ['false', false],
    ['', false],
  ])('may be "%s"', async (value, isOn) => {
    expect(await load(value)).toBe(isOn);
  });

  it('may be nothing else', async () => {
    await expect(load('yes')).rejects.toThrow(
      new TypeError('BACKCHANNEL_CALLER_STACKS must be true or false, not "yes"'),
    );
  });
});
