import { Metadata } from '@grpc/grpc-js';
import { ReceivedEntries } from './received-entries.js';

/**
 * Creates grpc-js `Metadata` from received headers. Its entries are created at the first access.
 *
 * @param headers - name, value, name, value; kept, but not modified.
 * @param except - names to omit, in addition to pseudo-headers.
 */
export function receivedMetadata(
  headers: readonly string[],
  except: ReadonlySet<string>,
): Metadata {
  const metadata = new Metadata();
  // All methods of grpc-js, including those of other objects, read the entries from this property.
  (metadata as unknown as { internalRepr: ReceivedEntries }).internalRepr = new ReceivedEntries(
    headers,
    except,
  );
  return metadata;
}
