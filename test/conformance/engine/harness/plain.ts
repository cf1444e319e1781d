import { Metadata, type MetadataValue, type StatusObject } from '@grpc/grpc-js';

/** Says which grpc-js it is, and what time it is: scenarios about either look at the metadata itself. */
const VARYING = new Set(['user-agent', 'date']);

/** A value of metadata as it is to be compared: bytes as `hex:...`. */
export function plainValue(value: MetadataValue): string {
  return typeof value === 'string' ? value : `hex:${value.toString('hex')}`;
}

/** Metadata as a plain object, without what varies. */
export function plainMetadata(metadata: Metadata): Record<string, string[]> {
  const entries = Object.entries(metadata.toJSON() as Record<string, MetadataValue[]>);
  return Object.fromEntries(
    entries
      .filter(([key]) => !VARYING.has(key))
      .map(([key, values]) => [key, values.map(plainValue)]),
  );
}

/** A status as its listeners get it, with the names of all that is in it. */
export function plainStatus(status: StatusObject): object {
  return {
    code: status.code,
    details: withoutVarying(status.details),
    metadata: plainMetadata(status.metadata),
    keys: Object.keys(status).sort(),
  };
}

/** An error as users see it: of a call, of a stream, or thrown. */
export function plainError(error: Error): object {
  const { code, details, metadata } = error as Partial<StatusObject>;
  return {
    name: error.name,
    message: withoutVarying(error.message),
    keys: Object.keys(error).sort(),
    ...(code !== undefined && { code }),
    ...(details !== undefined && { details: withoutVarying(details) }),
    ...(metadata !== undefined && { metadata: plainMetadata(metadata) }),
  };
}

/** Whatever may be in a record, as plain data. */
export function plain(value: unknown): unknown {
  if (value instanceof Metadata) return plainMetadata(value);
  if (value instanceof Error) return plainError(value);
  if (Buffer.isBuffer(value)) return plainBytes(value);
  if (typeof value === 'string') return withoutVarying(value);
  if (Array.isArray(value)) return value.map(plain);
  return value;
}

/** Short byte strings as they are, long ones by what tells them from each other. */
export function plainBytes(bytes: Buffer): string {
  if (bytes.length <= 64) return `hex:${bytes.toString('hex')}`;
  let sum = 0;
  for (const byte of bytes) sum = (sum * 31 + byte) % 1_000_003;
  return `${bytes.length} bytes, checksum ${sum}`;
}

/** Ports and durations differ from run to run. What follows a duration depends on which are zero. */
export function withoutVarying(text: string): string {
  return String(text as unknown)
    .replace(/\0nestjs-backchannel-[\w-]+/, '<meeting point>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/(Deadline exceeded) after.*$/s, '$1 <after a while>');
}
