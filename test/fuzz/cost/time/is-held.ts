import { readFileSync } from 'node:fs';

/**
 * Whether a process of this machine still has the TCP connection of 127.0.0.1 between two ports. It is
 * asked of the system (Linux), because to write to the connection, or to read it, would disturb what is
 * tried on it.
 *
 * @param ownPort - of the end that is asked about.
 */
export function isHeld(ownPort: number, farPort: number): boolean {
  const [own, far] = [ownPort, farPort].map((port) => `:${hex(port)}`);
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    // A socket that no process has any more is the system's, until the other end has taken all.
    if (local?.endsWith(own!) && remote?.endsWith(far!)) return inode !== '0';
  }
  return false;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
