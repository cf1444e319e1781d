/** Flag bits, written down again here so that the library is not its own oracle. */
export const SYN = 1;
export const ACK = 2;
export const FIN = 4;
export const RST = 8;

/** A header with any values. */
export function header(type: number, flags: number, id: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt32BE(id, 4);
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

/** A data frame. */
export function data(flags: number, id: number, payload: Buffer): Buffer {
  return Buffer.concat([header(0, flags, id, payload.length), payload]);
}

/** A window update. */
export function update(flags: number, id: number, delta: number): Buffer {
  return header(1, flags, id, delta);
}
