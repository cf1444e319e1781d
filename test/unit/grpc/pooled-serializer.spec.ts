import { createRequire } from 'node:module';
import { fromJSON, type MessageTypeDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { pooledSerializer, type Serialize } from '../../../lib/grpc/pooled-serializer.js';
import { MessageLoan } from '../../../lib/wire/index.js';
import { disguised } from '../../fixtures/grpc/disguised.js';

const { BufferWriter } = createRequire(
  createRequire(import.meta.url).resolve('@grpc/proto-loader'),
)('protobufjs') as { BufferWriter: { alloc(size: number): Buffer } };

const KiB = 1024;

const definitions = fromJSON({
  nested: {
    Blob: { fields: { data: { type: 'bytes', id: 1 } } },
    Envelope: { fields: { content: { type: 'google.protobuf.Any', id: 1 } } },
    google: {
      nested: {
        protobuf: {
          nested: {
            Any: {
              fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } },
            },
          },
        },
      },
    },
  },
});

const serializerOf = (name: string): Serialize =>
  (definitions[name] as MessageTypeDefinition<object, object>).serialize as Serialize;

const serialize = serializerOf('Blob');
const large = { data: Buffer.alloc(64 * KiB, 1) };

const isLent = (bytes: Uint8Array): boolean => MessageLoan.of(bytes) !== undefined;

describe('pooledSerializer', () => {
  it('lends a buffer to a large message of @grpc/proto-loader, with the same bytes', () => {
    const bytes = pooledSerializer(serialize)(large);

    expect(isLent(bytes)).toBe(true);
    expect(bytes.equals(serialize(large))).toBe(true);
  });

  it('lends none to a small or a huge message', () => {
    const pooled = pooledSerializer(serialize);

    expect(isLent(pooled({ data: Buffer.alloc(1000) }))).toBe(false);
    expect(isLent(pooled({ data: Buffer.alloc(5 * 1024 * KiB) }))).toBe(false);
  });

  it('lends one to the message, not to a part that is serialized before', () => {
    const value = { '@type': 'type/Blob', ...large };
    const bytes = pooledSerializer(serializerOf('Envelope'))({ content: value });

    expect(isLent(bytes)).toBe(true);
    expect(bytes.equals(serializerOf('Envelope')({ content: value }))).toBe(true);
  });

  it('lends one to each message if a getter of one serializes another', () => {
    const pooled = pooledSerializer(serialize);
    let inner: Buffer | undefined;
    const outer = pooled({
      get data() {
        inner = pooled(large);
        return large.data;
      },
    });

    expect(isLent(outer)).toBe(true);
    expect(isLent(inner!)).toBe(true);
    expect(outer.buffer === inner!.buffer).toBe(false);
  });

  it('leaves what others serialize outside of calls as it is', () => {
    pooledSerializer(serialize)(large);

    expect(isLent(serialize(large))).toBe(false);
  });

  it('restores the allocator of protobufjs, whatever it was, if a message cannot be serialized', () => {
    const { alloc } = BufferWriter;
    const own = (size: number): Buffer => alloc.call(BufferWriter, size);
    BufferWriter.alloc = own;
    try {
      expect(() => pooledSerializer(serialize)([])).toThrow('got array instead');
      expect(BufferWriter.alloc).toBe(own);
    } finally {
      BufferWriter.alloc = alloc;
    }
  });

  it.each<[string, Serialize]>([
    ['with the same name', { serialize: (value: unknown) => serialize(value) }.serialize],
    ['that is bound', serialize.bind(undefined)],
    ['whose name and toString are copies', disguised(serialize)],
    ['of another compiler', (value) => Buffer.from(JSON.stringify(value))],
  ])('does not change a serializer %s', (_what, wrapper) => {
    expect(pooledSerializer(wrapper)).toBe(wrapper);
  });
});
