/** An error that nobody handled: in production each of them would have ended the process. */
export interface Escape {
  event: 'unhandledRejection' | 'uncaughtException';
  message: string;
}

const EVENTS = ['unhandledRejection', 'uncaughtException'] as const;

const escapes: Escape[] = [];

/** Catches what escapes from here on, in place of the test runner, which would fail the run. */
export function catchEscapes(): void {
  for (const event of EVENTS) {
    process.removeAllListeners(event);
    process.on(event, (error: Error | undefined) => {
      escapes.push({ event, message: String(error?.message ?? error) });
    });
  }
}

/** Takes what has escaped whose message has `text` in it; by default all of it. */
export function takeEscapes(text = ''): string[] {
  const taken = escapes.filter(({ message }) => message.includes(text));
  for (const escape of taken) escapes.splice(escapes.indexOf(escape), 1);
  return taken.map(({ event, message }) => `${event}: ${message}`);
}
