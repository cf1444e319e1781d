import { describe, expect, it } from 'vitest';
import {
  countOrInfinity,
  either,
  func,
  listOf,
  milliseconds,
  openObject,
  OptionError,
  optionsOf,
  required,
  text,
  trueOrFalse,
  verifyOptions,
  wholeNumber,
  type Rules,
} from '../../../lib/options/index.js';

interface DoorOptions {
  width: number;
  locked?: boolean;
  closeAfterMs?: number;
  visitors?: number;
  names?: string | string[];
  onOpen?: () => void;
  bell?: { volume?: number; loudest?: number; tune?: string };
  other?: Record<string, unknown>;
}

const bell = optionsOf<NonNullable<DoorOptions['bell']>>(
  { volume: wholeNumber(0, 10), loudest: wholeNumber(0, 10), tune: text },
  ({ volume = 0, loudest = 10 }) => (volume > loudest ? 'is louder than its loudest' : undefined),
);

const rules: Rules<DoorOptions> = {
  width: required(wholeNumber(1), 'its width in centimetres'),
  locked: trueOrFalse,
  closeAfterMs: milliseconds(),
  visitors: countOrInfinity,
  names: either(text, listOf('an array of strings', text)),
  onOpen: func(),
  bell,
  other: openObject(),
};

const verify = (options: unknown): DoorOptions => verifyOptions('openDoor', rules, options);

function errorOf(options: unknown): OptionError {
  try {
    verify(options);
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
  throw new Error('the options were accepted');
}

describe('verified options', () => {
  it('are a copy without what is undefined, in objects of options as well', () => {
    const onOpen = (): void => {};
    const options = {
      width: 80,
      locked: undefined,
      onOpen,
      bell: { volume: undefined, tune: 'ding' },
      other: { anything: 1, nothing: undefined },
    };

    const verified = verify(options);

    expect(Object.keys(verified)).toEqual(['width', 'onOpen', 'bell', 'other']);
    expect(verified).toStrictEqual({
      width: 80,
      onOpen,
      bell: { tune: 'ding' },
      other: { anything: 1 },
    });
    expect(options.bell).toHaveProperty('volume');
  });

  it('may be those of an instance of a class, inherited ones included', () => {
    class Defaults {
      width = 80;
      get locked(): boolean {
        return true;
      }
      describe(): string {
        return 'not an option';
      }
    }

    expect(verify(new Defaults())).toEqual({ width: 80, locked: true });
    expect(verify(Object.create({ width: 70 }))).toEqual({ width: 70 });
  });

  it.each([
    { closeAfterMs: 0 },
    { closeAfterMs: 2 ** 31 - 1 },
    { visitors: Infinity },
    { names: 'one' },
    { names: ['one', 'two'] },
    { bell: {} },
    { unknown: undefined },
  ])('may be %o', (options) => {
    expect(() => verify({ width: 80, ...options })).not.toThrow();
  });
});

describe('an option that cannot be', () => {
  it.each<[options: object, message: string]>([
    [{ locked: 'false' }, `"locked" must be true or false, not 'false' (a string)`],
    [{ locked: 0 }, '"locked" must be true or false, not 0 (a number)'],
    [{ locked: null }, '"locked" must be true or false, not null'],
    [
      { closeAfterMs: '5000' },
      `"closeAfterMs" must be a whole number of milliseconds from 0 to 2147483647, not '5000' (a string)`,
    ],
    [{ closeAfterMs: Number.NaN }, 'not NaN (a number)'],
    [{ closeAfterMs: -1 }, 'not -1 (a number)'],
    [{ closeAfterMs: 0.5 }, 'not 0.5 (a number)'],
    [{ closeAfterMs: 2 ** 31 }, 'not 2147483648 (a number)'],
    [{ closeAfterMs: 5n }, 'not 5n (a bigint)'],
    [{ visitors: 0 }, '"visitors" must be a whole number above 0, or Infinity, not 0'],
    [{ names: [1] }, '"names" must be a string or an array of strings, not [ 1 ] (an array)'],
    [{ onOpen: {} }, '"onOpen" must be a function, not {} (an object)'],
    [{ bell: [] }, '"bell" must be an object of options, not [] (an array)'],
    [{ bell: Map }, 'not the function or class Map'],
    [{ bell: Promise.resolve({}) }, 'not a promise, which has to be awaited'],
    [{ bell: { volume: 11 } }, '"bell.volume" must be a whole number from 0 to 10, not 11'],
    [{ bell: { volume: 9, loudest: 5 } }, '"bell" is louder than its loudest'],
    [{ other: 'text' }, `"other" must be an object, not 'text' (a string)`],
  ])(
    '%o is refused with the call, its path, what it must be, its value and type',
    (given, says) => {
      const error = errorOf({ width: 80, ...given });

      expect(error.message).toContain(says);
      expect(error.message).toMatch(/^openDoor: "/);
      expect(error).toMatchObject({ name: 'OptionError', code: 'ERR_BACKCHANNEL_OPTION' });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(`"${error.option}"`);
    },
  );

  it('does not fill the log with its value', () => {
    const { message } = errorOf({ width: 80, locked: 'x'.repeat(10_000) });

    expect(message.length).toBeLessThan(300);
  });

  it('is refused if it is missing', () => {
    const missing = 'openDoor needs the option "width": its width in centimetres';
    expect(errorOf({}).message).toBe(missing);
    expect(errorOf(undefined).message).toBe(missing);
  });

  it.each([null, 'text', [], () => {}, Promise.resolve({ width: 80 })])(
    'is refused where the options are %o',
    (options) => {
      expect(errorOf(options).message).toMatch(/^openDoor: the options must be an object, not /);
    },
  );
});

describe('an option that there is not', () => {
  it.each<[name: string, meant: string]>([
    ['lokced', 'locked'],
    ['Locked', 'locked'],
    ['lock', 'locked'],
    ['closeAfter', 'closeAfterMs'],
    ['volume', 'bell.volume'],
    ['bel', 'bell'],
  ])('%s is refused with the nearest that there is', (name, meant) => {
    expect(errorOf({ width: 80, [name]: 1 }).message).toBe(
      `openDoor: unknown option "${name}": did you mean "${meant}"?`,
    );
  });

  it('is refused with its path, and with that of the nearest', () => {
    expect(errorOf({ width: 80, bell: { tunes: 'ding' } }).message).toBe(
      'openDoor: unknown option "bell.tunes": did you mean "bell.tune"?',
    );
    expect(errorOf({ width: 80, bell: { locked: true } }).message).toBe(
      'openDoor: unknown option "bell.locked": did you mean "locked"?',
    );
  });

  it('is refused with all that there are if none is near', () => {
    expect(errorOf({ width: 80, bell: { colour: 'red' } }).message).toBe(
      'openDoor: unknown option "bell.colour": the options of "bell" are loudest, tune, volume',
    );
  });

  it.each(['constructor', '__proto__', 'toString'])('%s is one of those', (name) => {
    const options = Object.defineProperty({ width: 80 }, name, { value: 1, enumerable: true });

    expect(errorOf(options).message).toContain(`unknown option "${name}"`);
  });
});

describe('an option that is passed on', () => {
  it('never becomes the prototype of the options', () => {
    const other = JSON.parse('{ "__proto__": { "anything": 1 }, "constructor": 2 }') as object;

    const read = (verify({ width: 80, other }) as { other: object }).other;

    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.entries(read)).toEqual(Object.entries(other));
  });
});

describe('rules and the types of options', () => {
  it('do not compile where they differ', () => {
    // @ts-expect-error a rule is missing
    const missing: Rules<{ one?: string; two?: string }> = { one: text };
    // @ts-expect-error there is no such option
    const surplus: Rules<{ one?: string }> = { one: text, two: text };
    // @ts-expect-error the rule refuses what the type allows
    const narrower: Rules<{ one?: string | boolean }> = { one: text };
    // @ts-expect-error the rule accepts what the type forbids
    const wider: Rules<{ one?: string }> = { one: either(text, trueOrFalse) };

    expect([missing, surplus, narrower, wider]).toHaveLength(4);
  });
});
