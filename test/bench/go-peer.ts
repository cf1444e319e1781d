import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Milliseconds that building may take in a quick run: enough when Go has built it before. */
const QUICK_BUILD_MS = 8_000;

const FOLDER = resolve('test/interop/go');
const BINARY = resolve('bench-results/.build/go-peer');

/** The ends in Go. */
export interface GoPeer {
  readonly binary: string;
  readonly version: string;
}

/**
 * Builds the Go peer.
 *
 * @returns why there is none, if there is none.
 * @throws Error if it cannot be built.
 */
export async function prepareGoPeer(quick: boolean): Promise<GoPeer | string> {
  let version: string;
  try {
    version = (await run('go', ['env', 'GOVERSION'])).stdout.trim();
  } catch {
    return 'there is no Go on this machine';
  }
  try {
    // As build.sh of the interop tests does: Go has all packages then, built in the same way.
    await run('go', ['build', '-trimpath', '-buildvcs=false', '-o', BINARY, '.'], {
      cwd: FOLDER,
      env: { ...process.env, CGO_ENABLED: '0' },
      ...(quick && { timeout: QUICK_BUILD_MS }),
    });
  } catch (error) {
    if (!(error as { killed?: boolean }).killed) throw error;
    if (!(await stat(BINARY).catch(() => undefined))) {
      return `Go needs more than ${QUICK_BUILD_MS / 1000} s to build for the first time; test/interop/go/build.sh does it`;
    }
  }
  return { binary: BINARY, version };
}
