import { describe, expect, it } from 'vitest';
import { yamuxJsSessionFactory } from '../../../lib/yamux-js/index.js';
import { loadYamuxJs } from '../../../lib/yamux-js/load-yamux-js.js';

describe('yamuxJsSessionFactory', () => {
  it.each<[options: object, problem: string]>([
    [
      { maxFrameSize: 65_535 },
      'yamuxJsSessionFactory: "maxFrameSize" must be a whole number from 65536',
    ],
    [{ maxFrameSize: 262_145 }, 'to 262144, not 262145'],
    [{ maxStreams: 0 }, '"maxStreams"'],
    [{ closeTimeoutMs: Infinity }, '"closeTimeoutMs"'],
    [
      { keepAlive: true },
      'unknown option "keepAlive": the options are closeTimeoutMs, maxFrameSize',
    ],
  ])('refuses %o', (options, problem) => {
    expect(() => yamuxJsSessionFactory(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_YAMUX_CONFIG',
        message: expect.stringContaining(problem) as string,
      }) as Error,
    );
  });

  it('takes options that are undefined for left out', () => {
    const notOptions = { maxStreams: undefined } as object;

    expect(yamuxJsSessionFactory(notOptions)).toBeTypeOf('function');
  });
});

describe('the optional peer dependency', () => {
  function failWith(code: string) {
    const fail = () => {
      throw Object.assign(new Error('cause'), { code });
    };
    return () => loadYamuxJs(fail as unknown as NodeJS.Require);
  }

  it('is asked for by name when it is missing', () => {
    expect(failWith('MODULE_NOT_FOUND')).toThrow(
      expect.objectContaining({
        code: 'ERR_MODULE_NOT_FOUND',
        message: expect.stringContaining('npm install yamux-js') as string,
      }) as Error,
    );
  });

  it('may fail for reasons of its own', () => {
    expect(failWith('ERR_REQUIRE_ESM')).toThrow('cause');
  });
});
