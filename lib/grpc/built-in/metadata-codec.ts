import type { Metadata } from '@grpc/grpc-js';

const NOTHING: ReadonlySet<string> = new Set();

/** Appends `metadata` to a flat list of headers, without the names in `except`. */
export function appendMetadata(
  headers: string[],
  metadata: Metadata,
  except: ReadonlySet<string> = NOTHING,
): void {
  const entries = metadata.toJSON();
  for (const name in entries) {
    if (except.has(name) || name.startsWith(':')) continue;
    for (const value of entries[name]!) {
      // HTTP/2 allows no space at either end of a value.
      headers.push(name, typeof value === 'string' ? value.trim() : value.toString('base64'));
    }
  }
}
