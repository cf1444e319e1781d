import { canOwnSockets, MessageLoan, messageBuffers } from '../wire/index.js';
import { loadProtoLoader, sourceOf, type BufferWriterClass } from './proto-loader.js';

/** Serializes messages of one type. */
export type Serialize = (message: unknown) => Buffer;

/** Name of the serializers of @grpc/proto-loader. */
const SERIALIZER_NAME = 'serialize';

/** Serializers of the same messages that use pooled buffers; null for those that cannot. */
const pooled = new WeakMap<Serialize, Serialize | null>();

/**
 * Returns a serializer like `serialize` that writes large messages into pooled buffers, if `serialize` is one
 * of @grpc/proto-loader; otherwise `serialize` itself. A buffer returns to the pool when the message is sent,
 * so only callers that hand the result to a call, and to nothing else, may use this function.
 *
 * Other serializers, wrappers of proto-loader's included, may keep what they return, for example in a cache.
 */
export function pooledSerializer(serialize: Serialize): Serialize {
  // The name comes first: for other serializers, the loader is not needed.
  if (!canOwnSockets || serialize?.name !== SERIALIZER_NAME) return serialize;
  let known = pooled.get(serialize);
  if (known === undefined) pooled.set(serialize, (known = create(serialize)));
  return known ?? serialize;
}

function create(serialize: Serialize): Serialize | null {
  const loader = loadProtoLoader();
  if (loader === null || sourceOf(serialize) !== loader.serializerSource) return null;
  const allocator = allocatorOf(loader.BufferWriter);
  return (message) => allocator.serialize(serialize, message);
}

let allocator: PoolAllocator | undefined;

/** There is one loader, and so one class of writers. */
function allocatorOf(writer: BufferWriterClass): PoolAllocator {
  return (allocator ??= new PoolAllocator(writer));
}

/** Replaces `BufferWriter.alloc` of protobufjs while a message is serialized. */
class PoolAllocator {
  readonly #writer: BufferWriterClass;
  #otherwise: BufferWriterClass['alloc'];
  /** Pooled buffer of the last `alloc`, and the part of it that was returned. */
  #buffer: Buffer | undefined;
  #part: Buffer | undefined;

  constructor(writer: BufferWriterClass) {
    this.#writer = writer;
    this.#otherwise = writer.alloc;
  }

  serialize(serialize: Serialize, message: unknown): Buffer {
    const writer = this.#writer;
    const { alloc } = writer;
    // Not so if a getter of a message serializes another message.
    if (alloc !== this.#alloc) this.#otherwise = alloc;
    writer.alloc = this.#alloc;
    let bytes: Buffer;
    try {
      bytes = serialize(message);
    } finally {
      writer.alloc = alloc;
    }
    if (bytes === this.#part) MessageLoan.begin(this.#buffer!, bytes.length);
    this.#buffer = undefined;
    this.#part = undefined;
    return bytes;
  }

  /** Parts of a message that are serialized on their own also come here. Only the last buffer is the message. */
  readonly #alloc = (size: number): Buffer => {
    if (!messageBuffers.serves(size)) return this.#otherwise.call(this.#writer, size);
    this.#buffer = messageBuffers.take(size);
    this.#part = this.#buffer.subarray(0, size);
    return this.#part;
  };
}
