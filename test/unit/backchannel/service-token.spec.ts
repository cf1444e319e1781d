import { describe, expect, it } from 'vitest';
import { OptionError, serviceOf, type ClientConn } from 'nestjs-backchannel';
import { ClientConn as Conn } from 'nestjs-backchannel/core';
import type * as serviceToken from '../../../lib/backchannel/service-token.js';
import type { Praefect } from '../../fixtures/nest/protos.js';

describe('the token of a service', () => {
  it('has the name of the service and cannot be changed', () => {
    const token = serviceOf<Praefect>('praefect.Praefect');

    expect(token.name).toBe('praefect.Praefect');
    expect(() => Object.assign(token, { name: 'other.Praefect' })).toThrow(TypeError);
    expect(() => Object.assign(token, { other: 1 })).toThrow(TypeError);
  });

  it.each(['Praefect', 'praefect.Praefect', 'a.b_1.C2', '_a.B'])('may have the name %s', (name) => {
    expect(serviceOf<Praefect>(name).name).toBe(name);
  });

  const make = serviceOf as (name?: unknown) => unknown;

  it.each([
    ['', "''"],
    ['praefect/Praefect', "'praefect/Praefect'"],
    ['/praefect.Praefect', "'/praefect.Praefect'"],
    ['praefect.', "'praefect.'"],
    ['.Praefect', "'.Praefect'"],
    ['praefect..Praefect', "'praefect..Praefect'"],
    ['7.Praefect', "'7.Praefect'"],
    ['praefect Praefect', "'praefect Praefect'"],
    [undefined, 'undefined'],
    [7, '7 (a number)'],
    [Map, 'the function or class Map'],
  ])('is not made of %o', (name, shown) => {
    expect(() => make(name)).toThrow(OptionError);
    expect(() => make(name)).toThrow(
      `serviceOf: the name must be that of a service in its proto file, such as 'demo.Agent', not ${shown}`,
    );
  });
});

describe('a stub of a service', () => {
  it.each([7, undefined, '', 'praefect/Praefect'])(
    'is not found by an object like a token whose name is %o',
    (name) => {
      const forged = { name, [Symbol.for('nestjs-backchannel.stub')]: undefined };

      expect(() => conn.getService(forged as never)).toThrow(
        'getService: the service must be its name, or a token of serviceOf<Stub>(name), not ',
      );
    },
  );

  const conn: ClientConn = new Conn({} as never, [], () => ({
    getService: <T>(name: string) => ({ name }) as T,
    getClientByServiceName: <T>() => ({}) as T,
  }));

  it('is that of the name of a token', () => {
    expect(conn.getService(serviceOf<{ name: string }>('praefect.Praefect')).name).toBe(
      'praefect.Praefect',
    );
  });

  it('is found by a token of another copy of this package', async () => {
    const copy = './service-token.js?copy';
    const { serviceOf: other } = (await import(
      /* @vite-ignore */ `../../../lib/backchannel/${copy}`
    )) as typeof serviceToken;

    expect(other).not.toBe(serviceOf);
    expect(conn.getService(other<{ name: string }>('praefect.Praefect')).name).toBe(
      'praefect.Praefect',
    );
  });

  it.each([
    [undefined, 'undefined'],
    [{ name: 'Praefect' }, "{ name: 'Praefect' } (an object)"],
    [Map, 'the function or class Map'],
  ])('cannot be got for %o', (service, shown) => {
    const get = (): unknown => conn.getService(service as unknown as string);

    expect(get).toThrow(OptionError);
    expect(get).toThrow(
      `getService: the service must be its name, or a token of serviceOf<Stub>(name), not ${shown}`,
    );
  });
});
