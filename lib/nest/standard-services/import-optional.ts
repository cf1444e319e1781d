/**
 * Imports an optional peer dependency that `option` requires.
 *
 * @param load - `() => import('NAME')`, a literal that bundlers and TypeScript can read.
 * @throws Error that names the option and the package, with the error of the import as `cause`.
 */
export async function importOptional<T>(
  option: string,
  name: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(
      `the option "${option}" needs the package ${name}, which cannot be loaded: npm install ${name}`,
      { cause },
    );
  }
}
