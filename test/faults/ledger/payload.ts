import { createHash } from 'node:crypto';
import { from, reduce, map, type Observable, type OperatorFunction } from 'rxjs';
import { Random } from '../../soak/random.js';
import type { Digest, Piece } from './ledger.js';

const PIECE_BYTES = 16 * 1024;

/** No two pieces are the same. */
function* pieces(bytes: number): Generator<Piece> {
  const random = new Random(bytes);
  for (let begin = 0; begin < bytes; begin += PIECE_BYTES) {
    const data = Buffer.alloc(Math.min(PIECE_BYTES, bytes - begin), random.next().toString());
    yield { data };
  }
}

/** So many bytes, the same for the same number. */
export function piecesOf(bytes: number): Observable<Piece> {
  return from(pieces(bytes));
}

/** What has come, when all has. */
export function digestOf(): OperatorFunction<Piece, Digest> {
  return (source) => {
    const hash = createHash('sha256');
    return source.pipe(
      reduce((bytes, { data }) => {
        hash.update(data);
        return bytes + data.length;
      }, 0),
      map((bytes) => ({ bytes, sha256: hash.digest('hex') })),
    );
  };
}

/** What is to come of `piecesOf(bytes)`. */
export function expectedDigest(bytes: number): Digest {
  const hash = createHash('sha256');
  for (const { data } of pieces(bytes)) hash.update(data);
  return { bytes, sha256: hash.digest('hex') };
}
