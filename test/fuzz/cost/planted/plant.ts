import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PLANTED } from './planted.js';

/** The folder of all that was compiled. */
const COMPILED = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Copies what was compiled, puts a fault into the copy, and tells where the copy is. `lib/` stays as it is.
 *
 * @throws Error if the text that is to be replaced is not there: the plant has to follow the library.
 */
export function plant(name: string): URL {
  const copy = join(COMPILED, '..', `.planted-${name}`);
  rmSync(copy, { recursive: true, force: true });
  cpSync(COMPILED, copy, { recursive: true });
  for (const { file, find, replace } of PLANTED[name]!.edits) {
    const path = join(copy, 'lib', file);
    const text = readFileSync(path, 'utf8');
    if (text.split(find).length !== 2) {
      throw new Error(`${name}: ${file} does not have this text once: ${find}`);
    }
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  return pathToFileURL(`${copy}/`);
}
