import { Metadata } from '@grpc/grpc-js';

/** Several values of one name are one, as node:http2 has it: joined, but these are never repeated. */
const SINGLE_VALUED = new Set([
  'authorization',
  'content-length',
  'content-type',
  'date',
  'host',
  'user-agent',
]);

const NOTHING: ReadonlySet<string> = new Set();

/** Appends `metadata` to a flat list of headers, but for the names in `except`. */
export function appendMetadata(
  headers: string[],
  metadata: Metadata,
  except: ReadonlySet<string> = NOTHING,
): void {
  const entries = metadata.toJSON();
  for (const name in entries) {
    if (except.has(name) || name.startsWith(':')) continue;
    for (const value of entries[name]!) {
      // HTTP/2 has no space at either end of a value.
      headers.push(name, typeof value === 'string' ? value.trim() : value.toString('base64'));
    }
  }
}

/** The metadata in a flat list of headers: all that can be, but for pseudo-headers and the names in `except`. */
export function readMetadata(headers: readonly string[], except: ReadonlySet<string>): Metadata {
  const metadata = new Metadata();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (name.charCodeAt(0) === 0x3a || except.has(name)) continue;
    try {
      addValue(metadata, name, headers[i + 1]!);
    } catch {
      // No metadata, by the rules of gRPC. grpc-js writes a line for each to stderr: whoever can connect
      // could fill it.
    }
  }
  return metadata;
}

function addValue(metadata: Metadata, name: string, value: string): void {
  if (name.endsWith('-bin')) {
    // Those of gRPC itself have one value, whatever is in it.
    const parts = name.startsWith('grpc-') ? [value] : value.split(',');
    for (const part of parts) metadata.add(name, Buffer.from(part.trim(), 'base64'));
    return;
  }
  const before = metadata.get(name);
  if (before.length === 0) metadata.add(name, value);
  else if (!SINGLE_VALUED.has(name)) {
    metadata.set(name, `${String(before[0])}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
}
