import type { AppStream } from './app-stream.js';
import type { Step } from './script.js';
import type { SessionFuzz } from './session-fuzz.js';

/** The application does what `step` says. */
export function appStep(fuzz: SessionFuzz, [what, a, b]: Step): void {
  if (what < 69) return open(fuzz);
  if (what < 71) return accept(fuzz);
  if (what === 71) return fuzz.expect(fuzz.session.ping());
  if (what === 72) return endSession(fuzz, a, b);
  const app = someone(fuzz, a);
  if (app === undefined) return;
  const { stream } = app;
  if (what < 84) return app.write(b % 6 === 0 ? 4 * b : b % 300);
  if (what < 86) return burst(app, b);
  if (what < 88) return void (app.isWritable && stream.end());
  if (what === 88) return void stream.destroy();
  if (what === 89) return void stream.destroy(b % 2 === 0 ? new Error('given up') : undefined);
  if (what === 90) return app.putBack(1 + (b % 50));
  if (what < 93) return void stream.pause();
  if (stream.listenerCount('data') > 0) stream.resume();
  else app.pull([undefined, 1, 1 + (b % 100), 3 * b][b % 4]);
}

function someone(fuzz: SessionFuzz, a: number): AppStream | undefined {
  // The newest are of more interest than those that were closed long ago.
  const { apps } = fuzz;
  return apps[apps.length - 1 - (a % Math.min(8, apps.length || 1))];
}

function open(fuzz: SessionFuzz): void {
  fuzz.expect(fuzz.session.open(), (stream) => fuzz.watch(stream, false));
}

function accept(fuzz: SessionFuzz): void {
  if (fuzz.takesAll) return;
  fuzz.expect(fuzz.session.accept(), (stream) => fuzz.watch(stream, true));
}

/** Several writes that become one. */
function burst(app: AppStream, b: number): void {
  app.stream.cork();
  for (let count = b % 5; count >= 0; count--) app.write(1 + (b % 700));
  app.stream.uncork();
}

function endSession(fuzz: SessionFuzz, a: number, b: number): void {
  if (b % 24 > 0) return;
  if (a % 4 < 2) return fuzz.session.goAway();
  if (a % 4 === 2) {
    fuzz.excuses.add('ERR_YAMUX_SESSION_CLOSED');
    return fuzz.session.destroy();
  }
  fuzz.excuses.add('closed');
  fuzz.expect(fuzz.session.close());
}
