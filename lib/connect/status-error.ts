import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { AnySchema, type Any } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Metadata } from '@grpc/grpc-js';
import type { CallStatus } from '../grpc/index.js';

/** Trailer with a `google.rpc.Status`, whose details say more than code and message. */
const DETAILS_HEADER = 'grpc-status-details-bin';
/** Number of the field `repeated google.protobuf.Any details` of `google.rpc.Status`. */
const DETAILS_FIELD = 3;

/**
 * Returns the error of a status that is not OK, with the details of the other end.
 *
 * @param headers - headers and trailers of the response.
 */
export function toConnectError(
  { code, details, metadata }: CallStatus,
  headers: Headers,
): ConnectError {
  const error = new ConnectError(details, code in Code ? (code as number) : Code.Unknown, headers);
  error.details = detailsOf(metadata).map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1),
    value,
  }));
  return error;
}

/** Returns no details if they are malformed: code and message matter more. */
function detailsOf(metadata: Metadata): Any[] {
  const [bytes] = metadata.get(DETAILS_HEADER);
  if (!Buffer.isBuffer(bytes)) return [];
  try {
    return readDetails(bytes);
  } catch {
    return [];
  }
}

function readDetails(bytes: Buffer): Any[] {
  const reader = new BinaryReader(bytes);
  const details: Any[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const isDetail = field === DETAILS_FIELD && type === WireType.LengthDelimited;
    if (isDetail) details.push(fromBinary(AnySchema, reader.bytes()));
    else reader.skip(type, field);
  }
  return details;
}
