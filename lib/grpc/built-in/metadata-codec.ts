import type { Metadata, MetadataValue } from '@grpc/grpc-js';

const NOTHING: ReadonlySet<string> = new Set();

/** Appends `metadata` to a flat list of headers, without the names in `except`. */
export function appendMetadata(
  headers: string[],
  metadata: Metadata,
  except: ReadonlySet<string> = NOTHING,
): void {
  const entries = metadata.toJSON();
  for (const name of Object.keys(entries)) {
    if (!except.has(name) && !name.startsWith(':')) appendValues(headers, name, entries[name]!);
  }
  // In place of a property of this name, `toJSON` sets the prototype.
  if (Object.getPrototypeOf(entries) === Object.prototype) return;
  appendValues(headers, '__proto__', metadata.get('__proto__'));
}

function appendValues(headers: string[], name: string, values: readonly MetadataValue[]): void {
  for (const value of values) {
    // HTTP/2 allows no space at either end of a value.
    headers.push(name, typeof value === 'string' ? value.trim() : value.toString('base64'));
  }
}
