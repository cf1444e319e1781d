import { Metadata, type MetadataValue } from '@grpc/grpc-js';

/** Metadata from pairs, in order; keys may repeat. */
export function metadataOf(...pairs: readonly (readonly [string, MetadataValue])[]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of pairs) metadata.add(key, value);
  return metadata;
}

/** All that metadata may lawfully be. */
export function richMetadata(prefix: string): Metadata {
  return metadataOf(
    [`${prefix}-text`, 'plain text'],
    [`${prefix}-symbols`, '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~\\'],
    [`${prefix}-empty`, ''],
    [`${prefix}-commas`, 'a, b,c'],
    [`${prefix}-twice`, 'first'],
    [`${prefix}-twice`, 'second'],
    [`${prefix}-UPPER`, 'Kept As It Is'],
    [`${prefix}_under.dot-1`, 'odd but legal'],
    [`${prefix}-bin`, Buffer.from([0, 1, 127, 128, 255])],
    [`${prefix}-many-bin`, Buffer.from('one')],
    [`${prefix}-many-bin`, Buffer.from('two!')],
    [`${prefix}-many-bin`, Buffer.from('three')],
    [`${prefix}-empty-bin`, Buffer.alloc(0)],
    [`${prefix}-long`, 'x'.repeat(500)],
  );
}
