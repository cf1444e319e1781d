/** An error with a system error code, like those of Node's sockets. */
export function networkError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
