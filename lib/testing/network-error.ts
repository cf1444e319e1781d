/** An error as Node's sockets have it, with a system's error code. */
export function networkError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
