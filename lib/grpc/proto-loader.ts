import { createRequire } from 'node:module';

type Serializer = (message: object) => Buffer;

/** The class with which protobufjs writes messages. Its static method `alloc` creates their buffers. */
export interface BufferWriterClass {
  alloc(size: number): Buffer;
}

/** The installed `@grpc/proto-loader`, as far as its serializers concern it. */
export interface ProtoLoader {
  /** Source text of all of its serializers, which differ in their message type only. */
  readonly serializerSource: string;
  readonly BufferWriter: BufferWriterClass;
}

interface LoaderExports {
  fromJSON(json: object): Record<string, { readonly serialize: Serializer }>;
}

/** Null if it cannot be used; undefined before the first search. */
let found: ProtoLoader | null | undefined;

/**
 * Loads `@grpc/proto-loader`, which is optional. Returns null if it is not installed, or if its serializers
 * do not create their buffers by `BufferWriter.alloc` of the protobufjs that it finds.
 */
export function loadProtoLoader(): ProtoLoader | null {
  if (found === undefined) found = tryToLoad();
  return found;
}

function tryToLoad(): ProtoLoader | null {
  try {
    const require = createRequire(import.meta.url);
    const path = require.resolve('@grpc/proto-loader');
    const { fromJSON } = require(path) as LoaderExports;
    const { BufferWriter } = createRequire(path)('protobufjs') as {
      BufferWriter: BufferWriterClass;
    };
    const { serialize } = fromJSON({ nested: { Empty: { fields: {} } } })['Empty']!;
    return isWriterOf(serialize, BufferWriter)
      ? { serializerSource: sourceOf(serialize), BufferWriter }
      : null;
  } catch {
    return null;
  }
}

/** Source text of `code`, also if it has a `toString` of its own, as wrappers of some libraries do. */
export function sourceOf(code: (...args: never[]) => unknown): string {
  return Function.prototype.toString.call(code);
}

function isWriterOf(serialize: Serializer, writer: BufferWriterClass): boolean {
  const { alloc } = writer;
  const mine = Buffer.alloc(0);
  writer.alloc = () => mine;
  try {
    return serialize({}) === mine;
  } finally {
    writer.alloc = alloc;
  }
}
