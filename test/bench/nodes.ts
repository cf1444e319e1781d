import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A Node that runs the ends in JavaScript. */
export interface NodeRuntime {
  readonly version: string;
  /** Its executable. */
  readonly path: string;
}

/** Of the check of the package: plain JavaScript, which is not compiled with the bench. */
const PACKAGE_CHECK = resolve('test/package/nodes.mjs');

/** The Node that runs the bench itself. */
export const OWN_NODE: NodeRuntime = { version: process.version, path: process.execPath };

/**
 * The newest Node of a major version, from the registry of npm unless the own one is of it.
 *
 * @throws Error if it cannot be installed.
 */
export async function nodeOfMajor(major: number): Promise<NodeRuntime> {
  const { nodeOf } = (await import(pathToFileURL(PACKAGE_CHECK).href)) as {
    nodeOf(major: string): string;
  };
  const path = nodeOf(String(major));
  return { path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() };
}

/** `24` of `v24.22.3`. */
export function majorOf(version: string): number {
  return Number(version.replace(/^v/, '').split('.')[0]);
}
