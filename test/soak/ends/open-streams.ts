import { StreamTable } from '../../../lib/http2/stream/stream-table.js';

let open = 0;

const { add, delete: remove } = StreamTable.prototype;

StreamTable.prototype.add = function (stream): void {
  open += 1;
  add.call(this, stream);
};

StreamTable.prototype.delete = function (id): boolean {
  const was = remove.call(this, id);
  if (was) open -= 1;
  return was;
};

/** HTTP/2 streams of the built-in engine that are open in this process, on all connections together. */
export function openStreams(): number {
  return open;
}
