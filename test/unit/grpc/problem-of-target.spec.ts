import { experimental } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { problemOfTarget } from '../../../lib/grpc/index.js';

describe('a target is valid', () => {
  it.each([
    'localhost:50051',
    'localhost',
    'hub.example.com:443',
    '127.0.0.1:1',
    '[::1]:50051',
    'dns:hub:50051',
    'dns:///hub.default.svc.cluster.local:50051',
    'dns://8.8.8.8/hub:50051',
    'ipv4:10.0.0.1:50051,10.0.0.2:50051',
    'ipv6:[::1]:50051',
    'unix:hub.sock',
    'unix:/run/hub.sock',
    'unix:///run/hub.sock',
    'unix-abstract:hub',
  ])('%s', (target) => {
    expect(problemOfTarget(target)).toBeUndefined();
  });

  it('if a resolver is registered that needs the authority of the target', () => {
    registerResolver('needs-authority', ({ authority }) => {
      if (authority !== 'registry') throw new Error('no authority');
    });

    expect(problemOfTarget('needs-authority://registry/hub')).toBeUndefined();
  });

  it('if a resolver is registered that needs options of the channel', () => {
    registerResolver('needs-options', () => {
      throw new Error('an option is missing');
    });

    expect(problemOfTarget('needs-options:///hub')).toBeUndefined();
  });
});

describe('a target is told to be wrong', () => {
  it.each([
    ['nobody:///hub', ': grpc-js has no resolver for "nobody:"'],
    ['http://localhost:50051', ': leave out "http://"'],
    ['localhost:0', ': the port must be from 1 to 65535'],
    ['dns:///:50051', ': the host is missing'],
  ])('%s', (target, remedy) => {
    expect(problemOfTarget(target)).toContain(remedy);
  });
});

function registerResolver(scheme: string, construct: (uri: experimental.GrpcUri) => void): void {
  class Resolver implements experimental.Resolver {
    static getDefaultAuthority = (): string => 'hub';

    constructor(uri: experimental.GrpcUri) {
      construct(uri);
    }

    updateResolution(): void {}
    destroy(): void {}
  }
  experimental.registerResolver(scheme, Resolver);
}
