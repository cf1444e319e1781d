import { describe, expect, it } from 'vitest';
import { withoutStack } from '../../../lib/wire/index.js';

describe('an error without a stack', () => {
  it('has only its name and message', () => {
    const error = withoutStack(() => new TypeError('the end'));

    expect(error.stack).toBe('TypeError: the end');
  });

  it('can be created where the limit of stacks is read-only', () => {
    const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!;
    Object.defineProperty(Error, 'stackTraceLimit', { ...limit, writable: false });
    try {
      expect(withoutStack(() => new TypeError('the end')).message).toBe('the end');
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', limit);
    }
  });

  it('leaves the errors after it their stacks, even if it cannot be created', () => {
    const create = (): Error => {
      throw new Error('no');
    };

    expect(() => withoutStack(create)).toThrow('no');
    expect(new Error('later').stack).toContain('\n');
  });
});
