import { ConnectionMemory } from '../../../../lib/grpc/built-in/connection-memory.js';

/** Accounts that were used since the last `reset`, and the room that each had before. */
const used = new Map<ConnectionMemory, number>();

/** What connections hold by their memory accounts, which docs/limits.md grants. Built-in engine only. */
export const accounts = {
  /** Bytes now. */
  get held(): number {
    let bytes = 0;
    for (const [account, room] of used) {
      if (room !== Infinity) bytes += Math.max(0, room - account.room);
    }
    return bytes;
  },
  reset(): void {
    used.clear();
  },
};

/** Begins to watch all accounts of this process. */
export function watchAccounts(): void {
  const hold = ConnectionMemory.prototype.hold;
  ConnectionMemory.prototype.hold = function (bytes) {
    if (!used.has(this)) used.set(this, this.room);
    return hold.call(this, bytes);
  };
}
