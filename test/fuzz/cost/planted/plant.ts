import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Edit } from './edit.js';
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
  for (const edit of PLANTED[name]!.edits) {
    const path = join(copy, 'lib', edit.file);
    const text = readFileSync(path, 'utf8');
    verify(name, edit, text);
    writeFileSync(
      path,
      text.replace(edit.find, () => edit.replace),
    );
  }
  return pathToFileURL(`${copy}/`);
}

/** @throws Error if a fault cannot be put back any more. */
export function verifyPlants(): void {
  for (const [name, { edits }] of Object.entries(PLANTED)) {
    for (const edit of edits) {
      verify(name, edit, readFileSync(join(COMPILED, 'lib', edit.file), 'utf8'));
    }
  }
}

function verify(name: string, { file, find }: Edit, text: string): void {
  if (text.split(find).length === 2) return;
  throw new Error(`${name}: ${file} does not have this text once: ${find}`);
}
