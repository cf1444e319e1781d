import { Metadata } from '@grpc/grpc-js';
import { ReceivedEntries } from './received-entries.js';

/**
 * Metadata that came in headers: the `Metadata` of grpc-js, whose entries are made when they are read.
 *
 * @param headers - name, value, name, value; kept, not changed.
 * @param except - names that the metadata does not have, besides those of pseudo-headers.
 */
export function receivedMetadata(
  headers: readonly string[],
  except: ReadonlySet<string>,
): Metadata {
  const metadata = new Metadata();
  // All methods of grpc-js, also those of other objects, find the entries in this property.
  (metadata as unknown as { internalRepr: ReceivedEntries }).internalRepr = new ReceivedEntries(
    headers,
    except,
  );
  return metadata;
}
