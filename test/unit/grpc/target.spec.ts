import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../lib/grpc/built-in/client/target.js';

const tcp = (host: string, port: number): object => ({ host, port, noDelay: true });

describe('parseTarget', () => {
  it.each([
    ['example.com:50051', 'example.com:50051', [tcp('example.com', 50051)]],
    ['example.com', 'example.com', [tcp('example.com', 443)]],
    ['localhost:1', 'localhost:1', [tcp('localhost', 1)]],
    ['127.0.0.1:50051', '127.0.0.1:50051', [tcp('127.0.0.1', 50051)]],
    ['[::1]:50051', '[::1]:50051', [tcp('::1', 50051)]],
    ['[::1]', '[::1]', [tcp('::1', 443)]],
    ['::1', '::1', [tcp('::1', 443)]],
    ['dns:example.com:7', 'example.com:7', [tcp('example.com', 7)]],
    ['dns:///example.com:7', 'example.com:7', [tcp('example.com', 7)]],
    ['dns://8.8.8.8/example.com', 'example.com', [tcp('example.com', 443)]],
    ['ipv4:10.0.0.1:7', '10.0.0.1:7', [tcp('10.0.0.1', 7)]],
    ['ipv4:10.0.0.1:7,10.0.0.2', '10.0.0.1:7', [tcp('10.0.0.1', 7), tcp('10.0.0.2', 443)]],
    ['ipv6:[::1]:7,[::2]:8', '[::1]:7', [tcp('::1', 7), tcp('::2', 8)]],
    ['unix:relative/path.sock', 'localhost', [{ path: 'relative/path.sock' }]],
    ['unix:/absolute/path.sock', 'localhost', [{ path: '/absolute/path.sock' }]],
    ['unix:///absolute/path.sock', 'localhost', [{ path: '/absolute/path.sock' }]],
    ['unix-abstract:name', 'localhost', [{ path: '\0name' }]],
  ])('%s', (target, authority, addresses) => {
    expect(parseTarget(target)).toMatchObject({ authority, addresses });
  });

  it.each([
    'xds:///service',
    'http://example.com',
    'https://example.com:443/',
    'ipv4:10.0.0.1:7,example.com:port',
    'example.com:port',
    '', // Was a bug: it was localhost:443.
  ])('leaves "%s" to grpc-js', (target) => {
    expect(parseTarget(target)).toBeUndefined();
  });
});
