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
    writeFileSync(path, applyEdit(edit, readFileSync(path, 'utf8')));
  }
  return pathToFileURL(`${copy}/`);
}

/**
 * @param text - of a compiled file.
 * @throws Error if the text that is to be replaced is not there exactly once.
 */
export function applyEdit({ file, find, replace }: Edit, text: string): string {
  if (text.split(find).length === 2) return text.replace(find, () => replace);
  throw new Error(`${file} does not have this text once: ${find}`);
}
