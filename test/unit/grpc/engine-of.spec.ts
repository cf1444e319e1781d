import { afterEach, describe, expect, it, vi } from 'vitest';
import { builtInEngine, engineOf, grpcJsEngine } from '../../../lib/grpc/index.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('engineOf', () => {
  it.each([
    ['built-in', builtInEngine],
    ['grpc-js', grpcJsEngine],
  ] as const)('finds %s by its name', (name, engine) => {
    expect(engineOf(name)).toBe(engine);
    expect(engine.name).toBe(name);
  });

  it('takes an engine as it is', () => {
    const engine = { ...builtInEngine, name: 'of somebody else' };
    expect(engineOf(engine)).toBe(engine);
  });

  it.each([undefined, ''])('is the built-in one with BACKCHANNEL_ENGINE=%s', (value) => {
    vi.stubEnv('BACKCHANNEL_ENGINE', value);
    expect(engineOf()).toBe(builtInEngine);
  });

  it('goes by BACKCHANNEL_ENGINE at each call', () => {
    vi.stubEnv('BACKCHANNEL_ENGINE', 'grpc-js');
    expect(engineOf()).toBe(grpcJsEngine);
    vi.stubEnv('BACKCHANNEL_ENGINE', 'built-in');
    expect(engineOf()).toBe(builtInEngine);
  });

  it('does not look at BACKCHANNEL_ENGINE for who has chosen', () => {
    vi.stubEnv('BACKCHANNEL_ENGINE', 'nonsense');
    expect(engineOf('grpc-js')).toBe(grpcJsEngine);
    expect(engineOf(builtInEngine)).toBe(builtInEngine);
  });

  it.each(['go', 'toString', '__proto__', ''])('knows no engine "%s"', (name) => {
    expect(() => engineOf(name as 'built-in')).toThrow(
      new TypeError(
        `"engine" must be one of built-in, grpc-js or a GrpcEngine, not ${JSON.stringify(name)}`,
      ),
    );
  });

  it('names the variable that is wrong', () => {
    vi.stubEnv('BACKCHANNEL_ENGINE', 'go');
    expect(() => engineOf()).toThrow(/^BACKCHANNEL_ENGINE must be one of built-in, grpc-js/);
  });
});
